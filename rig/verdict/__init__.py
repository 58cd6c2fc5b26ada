"""Pure functions from measurements and limits to verdicts."""
