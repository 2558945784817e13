"""What we intend: catalogue, scripts, designs with the single-variable rule, audience, bucketing, sizing, traffic.

Never here: a call, an outcome, or anything that was measured.
"""
