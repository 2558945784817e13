"""One experiment by segment: does the effect differ, and what is it in each? Never: segments found after the fact."""
