"""The pages of what was learned. Never here: a number that the entry did not freeze."""
