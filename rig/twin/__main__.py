"""``python -m rig.twin``: the virtual bench as a process; its configuration is the first thing on its input.

The end of its input, or SIGTERM, ends it: it cannot outlive who started it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from pydantic import ValidationError

from rig.errors import RigError
from rig.twin.config import TwinConfig
from rig.twin.server import serve

if TYPE_CHECKING:
    from types import FrameType

_REFUSED = 2
_CHUNK = 4096


def main() -> int:
    """Read one JSON document, serve it until the input ends; return the exit code."""
    end = threading.Event()

    def finish(_number: int, _frame: FrameType | None) -> None:
        end.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, finish)
    try:
        config = TwinConfig.model_validate_json(_document())
        with serve(config) as bench:
            for line in bench.listening:
                _say(str(line))
            _say("ready")
            threading.Thread(target=_watch_input, args=(end,), daemon=True).start()
            end.wait()
    except ValidationError as error:
        return _refuse("; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()))
    except (RigError, ValueError) as error:
        return _refuse(str(error))
    return 0


def _refuse(reason: str) -> int:
    sys.stderr.write(f"virtual bench: {reason}\n")
    return _REFUSED


def _document() -> str:
    """Return the JSON document on the input, which may go on over many lines and stays open afterwards.

    Raises
    ------
    ValueError : the input ended before the document did, or it is not JSON
    """
    text = ""
    for line in sys.stdin:
        text += line
        try:
            json.loads(text)
        except json.JSONDecodeError as error:
            # A mistake before the end will not be mended by what is still to come.
            if error.pos < len(text.rstrip()) - 1:
                break
        else:
            return text
    msg = f"no whole JSON document on the input: {text.strip()[:80]!r}"
    raise ValueError(msg)


def _watch_input(end: threading.Event) -> None:
    # Not sys.stdin: a thread inside its buffer would hold the lock that the interpreter wants at its end.
    while os.read(sys.stdin.fileno(), _CHUNK):
        pass
    end.set()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
