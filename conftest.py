"""Registers the hypothesis profiles."""

from hypothesis import settings

settings.register_profile("default", deadline=None, print_blob=True, derandomize=True)
settings.load_profile("default")
