"""What we change: standards under control, and their reviews."""
