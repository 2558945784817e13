"""Error rates measured by simulation, of the functions the product itself decides with; nothing is asserted twice here.

Formulas are not written again: where one is vectorised for speed, a test holds it to the product's own answer.
"""
