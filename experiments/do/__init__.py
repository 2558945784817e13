"""What happens: the snapshot of traffic, the choice for one call, the durable journal, outcomes and whose they are.

Never here: an opinion about what the facts mean.
"""
