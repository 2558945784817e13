"""What was known of a unit before it was dealt, used to see less noise. Never: anything measured after the dealing."""
