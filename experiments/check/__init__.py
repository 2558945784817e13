"""What it means: rollups of the facts by day, metrics, analysis, health, frozen looks and their verdict.

Never here: a change of what agents say, or statistics of our own (those live in `stats`).
"""
