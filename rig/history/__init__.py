"""Results of many runs, kept in a database: what changed, what drifts, what repeats."""
