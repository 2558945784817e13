"""Finished tests in the words of belief: how likely is each arm the best, and what would be lost by choosing it?

By closed form or quadrature, so that the same data give the same digits. Never: a verdict, or a look at a running test;
these probabilities promise nothing about error rates under repeated looking.
"""
