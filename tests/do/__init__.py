"""Tests of `experiments.do`."""
