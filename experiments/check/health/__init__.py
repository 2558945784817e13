"""Health: what must hold before anyone reads an effect. Never: a verdict; harm is said even when health fails."""
