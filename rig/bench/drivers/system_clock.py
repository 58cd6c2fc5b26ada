"""The computer's own clock: the one place where the rig waits and looks at the time of day."""

from __future__ import annotations

import time
from datetime import UTC, datetime

__all__ = ["SystemClock"]


class SystemClock:
    """Real time, for a real bench."""

    def now(self) -> float:
        """Seconds on a clock that never jumps."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)  # noqa: TID251 - the clock that is injected everywhere else

    def utc(self) -> datetime:
        """The wall clock's date and time, UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the clock that is injected everywhere else
