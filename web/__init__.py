"""The windows: parse → one verb → render. API, pages, charts, commands, and who may come in.

Never here: a rule of the product, or a question put to the database.
"""
