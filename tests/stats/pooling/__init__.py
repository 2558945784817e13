"""What many experiments, or many agents, say together, and what to try next.

Here stand the random-effects mean, shrinkage, the winner's curse, the ranking of key variables and the worth of a next
test. Never: a pooled effect that was not estimated in every experiment the same way; a mean without its heterogeneity.
"""
