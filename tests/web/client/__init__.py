"""The desktop's client, against our own server and against one that answers badly in every way."""
