"""Brings in what happened elsewhere: call logs, replays of them, and experiments whose arms others assigned.

Never here: a way to write a call or an outcome of its own. What comes from a file goes through the verbs of `do`.
"""
