"""Tests of `experiments.check`."""
