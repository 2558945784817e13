"""The mathematics: plain numbers and frozen sums in, frozen results out.

At the root stand the values that every room speaks: `moments` (what comes in), `estimates` and `comparison` (what goes
out), with `checks` and `tails` under them. The rooms are the questions: `arms` (are two arms of independent calls
different?), `clusters` (what when whole agents were randomised?), `looking` (what may be read before the end?),
`families` (what when several questions share one alpha?), `sizing` (how many calls does it take?).

Nothing here knows of scripts, databases or time; nothing of the project is imported; no row, frame or table crosses the
border. What is not known is `nan` or `None`, never a polite 0 or 1. Differences are challenger minus control.
"""
