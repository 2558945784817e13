"""The agent's desk: the script of a call step by step, and one key for each thing that happens in it.

Agents are blind here: nothing that this package answers names an experiment, an arm, a reason or a version, and a test
reads every answer for them. What is kept in the browser never says who the customer is.
"""
