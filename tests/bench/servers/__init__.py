"""Small applications beside ours, each on the same server with the same workers and threads.

Never here: anything of the product but its tables, its ids and its reader of outcomes.
"""
