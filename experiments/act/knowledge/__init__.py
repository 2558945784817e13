"""What was learned: an entry for each finished cycle, frozen as it ended, found by words, with evidence around it.

Never here: a number that is computed anew. Entries repeat what looks and decisions froze.
"""
