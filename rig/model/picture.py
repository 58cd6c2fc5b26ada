"""What an instrument shows on its screen, as it sent it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Picture"]

_BEGINNINGS = {b"\x89PNG\r\n\x1a\n": "png", b"BM": "bmp", b"\xff\xd8\xff": "jpg"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image file's bytes; ``source`` is the instrument that sent it."""

    data: bytes
    source: str

    @property
    def format(self) -> str:
        """``png``, ``bmp`` or ``jpg`` by its first bytes; empty if it is no picture of these.

        >>> Picture(data=b"BM6", source="scope").format
        'bmp'
        """
        return next((name for begin, name in _BEGINNINGS.items() if self.data.startswith(begin)), "")
