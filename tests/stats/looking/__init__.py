"""What may be read before the end, and what it is worth then. Never: a fixed-horizon p read early."""
