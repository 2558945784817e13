"""How many calls a question needs, and what a number of calls can answer. Never: an effect seen and then planned.

By what was randomised: `proportions` and `means` for independent units, `clusters` for agents, teams, customers and
agents' shifts with all their calls, by the `spreads` of each. On top: `looks` for looking early, and `joint` for a
primary and guardrails that must all be shown. Under them: `outcomes` (what is measured), `noncentrality` (how far away
an effect must be) and `weights` (arms in proportion).
"""
