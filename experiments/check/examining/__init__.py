"""Which checks a test's data are put to, and when. Never: how a check judges, which is `health`'s."""
