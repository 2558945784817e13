"""OpenFeature's remote evaluation protocol, OFREP 0.3: a scenario is a flag, its script the value, the arm the variant.

A single evaluation assigns a call and records it. A bulk evaluation never records: desktops that evaluate so report
`served` themselves. There are no event streams: a thread held open for each desktop costs more than a poll a minute.
"""
