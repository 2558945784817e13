"""Tests of `experiments.board`."""
