"""How fast it is, by `make bench`: requests served, batches stored, experiments analysed.

`serving` and `sets` measure the house itself, `analysis` all that a page and a look read of a large experiment;
`comparisons` sets the mathematics beside two well-known packages, each in an environment of its own (`rivals`), over
the same counts. Read the ratios, not the times: machines are shared, and so are their clocks.
"""
