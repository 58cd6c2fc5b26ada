"""What a run leaves behind: written once, hashed, re-computable."""
