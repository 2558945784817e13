"""The mathematics: plain numbers and frozen sums in, frozen results out.

Nothing here knows of calls, scripts, databases or time; nothing of the project is imported; no row, frame or table
crosses the border. What is not known is `nan` or `None`, never a polite 0 or 1.
"""
