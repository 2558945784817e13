"""After rollout: the standard's key rates by day, as charts, and what in them is no chance, as signals.

Never here: a change of what is said, nor an effect: days are not dealt. A signal proposes a test, which people plan.
"""
