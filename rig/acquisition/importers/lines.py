"""The lines of a text, decoded when they are asked for: a file of hundreds of megabytes is held once, as its bytes."""

from __future__ import annotations

import io

import numpy as np

__all__ = ["Lines"]

_MARK = b"\xef\xbb\xbf"
_FEED = 10


class Lines:
    """Lines by number, whatever ends them; those of a table are numbers, and headers may be in Latin-1."""

    def __init__(self, content: bytes) -> None:
        content = content.removeprefix(_MARK)
        # Only what ends lines with carriage returns alone is copied.
        self._content = content if b"\n" in content else content.replace(b"\r", b"\n")
        feeds = np.flatnonzero(np.frombuffer(self._content, np.uint8) == _FEED)
        whole = bool(len(feeds)) and int(feeds[-1]) == len(self._content) - 1
        self._ends = feeds if whole or not self._content else np.append(feeds, len(self._content))

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, number: int) -> str:
        begin = int(self._ends[number - 1]) + 1 if number else 0
        line = self._content[begin : int(self._ends[number])].rstrip(b"\r")
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError:
            return line.decode("latin-1")

    def stream(self, begin: int, stop: int) -> io.TextIOWrapper:
        """Return the lines from one to before another as a stream, for a reader that takes them by the block.

        They are copied only where other lines follow.
        """
        end = None if stop >= len(self) else int(self._ends[stop - 1]) + 1
        content = io.BytesIO(self._content if end is None else self._content[:end])
        content.seek(int(self._ends[begin - 1]) + 1 if begin else 0)
        return io.TextIOWrapper(content, encoding="latin-1")
