"""Tests of `experiments.plan`."""
