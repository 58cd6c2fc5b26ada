"""Trends and gauge studies for a reader: table, plot, page and CSV from one wording."""
