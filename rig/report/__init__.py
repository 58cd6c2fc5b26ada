"""Rendering: everything here is made from a record alone, and from the samples it names."""
