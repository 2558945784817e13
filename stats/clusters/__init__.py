"""Whole units dealt (agents, teams, shifts): how alike their calls are, their variance, their dealing and re-dealing.

Never: calls as if they were independent.
"""
