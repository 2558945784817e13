"""Reports: tables of who recommended how often and with what success, a card's review pack, and both as files.

Never here: a query, or a number that is not in the rollups, a look or a plan.
"""
