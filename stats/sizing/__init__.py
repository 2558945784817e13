"""How many calls a question needs, and what a number of calls can answer. Never: an effect seen and then planned."""
