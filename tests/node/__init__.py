"""Strangers' JavaScript clients of our interfaces, run under Node, which comes with the packages of the tests."""
