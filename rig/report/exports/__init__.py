"""What other programs read: each format is written from records, and from samples that are given to it."""
