"""The front door for pytest."""
