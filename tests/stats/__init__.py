"""The mathematics, each number reached by two roads: a published table, another package, a simulation."""
