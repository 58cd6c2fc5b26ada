"""A run measured and judged again from its evidence alone, and what has come out otherwise."""
