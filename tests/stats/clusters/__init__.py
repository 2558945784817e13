"""Whole units dealt (agents, teams, shifts): their variance, their re-dealing. Never: calls as if independent."""
