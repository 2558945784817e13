"""What a decision changes, and what it brings."""
