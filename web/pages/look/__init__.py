"""One look as pages say it: a frozen look's content in, sentences, tables and charts out.

Never here: a question to the database, or a number that the look has not frozen.
"""
