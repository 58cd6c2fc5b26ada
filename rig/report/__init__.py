"""Rendering: everything here is made from a record alone."""
