"""What is in force for GrowthBook's SDKs: desktops fetch it, evaluate locally, and report `served` themselves.

SDKs put the client key into the address, where others may read it. So a client key is a token that may do nothing but
this: scope `evaluate` and no other; logs name no address. There is no event stream: a thread held open for each
desktop costs more than a poll a minute that is mostly answered 304.
"""
