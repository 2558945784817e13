"""The JSON doors under `/api/v1`: what desktops and other systems use, described by OpenAPI 3.1."""
