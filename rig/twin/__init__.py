"""The virtual bench: exact physics behind real wire protocols; knows nothing of the drivers."""
