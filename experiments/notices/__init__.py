"""Notices: what happened on the board is told outside, to whoever the settings name, through an outbox.

Never here: a decision, a text that was not in the caller's transaction, an address that did not come from the settings.
"""
