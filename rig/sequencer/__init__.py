"""Resolves a plan against a bench, refuses what cannot be tested, and runs the rest."""
