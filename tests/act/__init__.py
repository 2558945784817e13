"""What a decision changes and brings: rollouts, standards under control, and their reviews."""
