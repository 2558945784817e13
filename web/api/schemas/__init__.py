"""The shapes of the API: what may be sent, and what comes back. From these openapi.json is made. Never: a rule."""
