"""The board: people turn evidence into what agents say tomorrow, through gates that nobody passes alone.

Never here: a change of traffic or of a standard that no decision asked for.
"""
