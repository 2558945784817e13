"""The HTML doors: what leads, managers and everyone else at the board use, in their own language."""
