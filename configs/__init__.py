"""Settings, catalogues and import mappings: what differs from centre to centre. Imports nothing of the project."""
