"""Control charts: baselines, run rules, sums and weighted means, against tables, laws and simulation."""
