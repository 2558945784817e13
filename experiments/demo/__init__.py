"""The demo call centre: a made-up world whose calls and cards go through the same verbs as anybody's.

Never here: a row of calls, outcomes, cards or approvals written past those verbs.
"""
