"""What each fact counts: the rollup's columns, what is told of one call, and the sums over calls. Never: when."""
