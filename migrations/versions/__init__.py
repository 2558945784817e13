"""One file a step, 0001 first."""
