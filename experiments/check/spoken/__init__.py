"""What was spoken, where calls were listened to: the sample, what was heard in it, and what that says of the effect.

Never here: an outcome shown to a listener, or a verdict, which is that of the assignment.
"""
