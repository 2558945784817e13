"""GrowthBook's real SDKs, in Python and under Node, against what the server decides itself."""
