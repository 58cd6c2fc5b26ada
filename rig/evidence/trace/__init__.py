"""What was asked for against what was found: requirements, hazards, risk controls and clauses over any set of runs."""
