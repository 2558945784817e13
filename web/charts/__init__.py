"""Charts: small frozen dataclasses in, Bokeh figures and their JSON out.

Nothing here reads the database, the request or the clock, and nothing here computes a statistic: rates, intervals and
judgements are handed in. Bokeh takes a second to import, so only `drawing` and `embed` touch it, inside functions.
"""
