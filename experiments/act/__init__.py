"""What we change: a winner becomes the scenario's standard, a scenario gets its standing.

And what is live stays under control, and comes up for review.

Never here: a decision. People decide on the board; this room carries it out.
"""
