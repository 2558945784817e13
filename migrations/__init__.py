"""The schema's history: numbered steps with words, each of which goes up and down again.

Never here: a rule of the product that is not also a constraint.
"""
