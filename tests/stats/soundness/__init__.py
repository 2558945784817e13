"""Whether the data can be read at all: balance, split, gaps, trends, effects too good. Never: words, nor a verdict."""
