"""The proofs. Test names are sentences, rules are tables, databases and browser are real, and nothing is mocked."""
