"""Arms of independent calls compared: proportions, means and ratios. Never: whole agents dealt (see `clusters`)."""
