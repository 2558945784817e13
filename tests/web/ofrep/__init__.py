"""OpenFeature's protocol: its shapes, and its real clients."""
