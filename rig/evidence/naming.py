"""File names that any text may become: safe on every file system, and never the same for two different texts."""

from __future__ import annotations

import hashlib
import re

__all__ = ["safe_name"]

_LONGEST = 80
_FOREIGN = re.compile(r"[^A-Za-z0-9._+=,()\[\]-]")
# Names that Windows keeps for devices, whatever follows the first full stop.
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def safe_name(text: str) -> str:
    """Return a file name for ``text``; a text that cannot be kept as it is gets part of its SHA-256 appended.

    Capital letters count as changed, for ``20mA`` and ``20MA`` are one file on some systems; so two texts share a name
    only if their hashes agree, and no text can imitate another's name, because ``~`` itself is never kept.

    >>> safe_name("charge-balance")
    'charge-balance'
    >>> safe_name("../etc/passwd")
    '_._etc_passwd~7fef78f53440'
    """
    name = _FOREIGN.sub("_", text)[:_LONGEST]
    name = re.sub(r"^[.-]", "_", name)
    name = re.sub(r"\.$", "_", name)
    if not name or _RESERVED.fullmatch(name):
        name = f"_{name}"
    if name == text and name == name.lower():
        return name
    return f"{name}~{_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
