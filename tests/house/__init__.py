"""The rules of the house, held by machines: direction of imports, format, lint and types."""
