"""Tests of what comes from files: reading, mapping, import, replay, and experiments that were assigned elsewhere."""
