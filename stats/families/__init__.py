"""Several questions that share one alpha. Never: a family that was not declared."""
