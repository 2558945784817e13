"""The page of key variables: all finished tests of a script's parts, taken together."""
