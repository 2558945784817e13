"""What the data of a test say, by the methods its plan declared. Never: what is to be done about it (see `verdict`)."""
