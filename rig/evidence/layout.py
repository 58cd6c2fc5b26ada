"""How the files of a bundle are called."""

from __future__ import annotations

__all__ = ["BEGUN", "CASES", "JOURNAL", "RECORD"]

RECORD = "record.json"
BEGUN = "begun.json"
CASES = "cases"
JOURNAL = "journal.jsonl"
