"""What is drawn of a test besides the numbers of its looks: the plan of looks, its agents, what is still maturing.

Everything comes from the rollup and from looks that were made. Never here: an effect that no look has read.
"""
