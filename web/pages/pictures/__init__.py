"""The charts of an experiment's page: what looks have frozen, and what the rollup tells of calls, days and agents.

Never here: a statistic, or an effect that no look has read.
"""
