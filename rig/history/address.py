"""Which database results go to: named on the command line or in the environment, beside the evidence otherwise."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from rig.errors import HistoryError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FILE", "NOWHERE", "SETTING", "chosen_address", "shown_address", "without_secrets"]

SETTING: Final = "RIG_HISTORY"
FILE: Final = "history.sqlite"
NOWHERE: Final = "none"

_HIDDEN = "***"
_POSTGRESQL = "postgresql+psycopg"
_SAME = {"postgres": _POSTGRESQL, "postgresql": _POSTGRESQL, _POSTGRESQL: _POSTGRESQL, "sqlite": "sqlite"}


def chosen_address(named: str | None, evidence: Path, *, environment: Mapping[str, str] = os.environ) -> URL | None:
    """Return where results go, None for nowhere.

    Parameters
    ----------
    named : on the command line: a URL, the path of an SQLite file, or ``none``; it precedes the environment
    evidence : the folder that holds the bundles; without any setting the database is a file in it

    Raises
    ------
    HistoryError
        if it is neither a path nor a URL of SQLite or PostgreSQL; no message repeats a password
    """
    text = named or environment.get(SETTING) or str(evidence / FILE)
    if text == NOWHERE:
        return None
    if "://" not in text:
        return URL.create("sqlite", database=str(Path(text).absolute()))
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # its message repeats the text
        raise HistoryError("that is no URL of a database, such as postgresql://user@host/database") from None
    if url.drivername not in _SAME:
        raise HistoryError(f"results are kept in SQLite or PostgreSQL, not in {url.drivername!r}")
    return url.set(drivername=_SAME[url.drivername])


def shown_address(url: URL) -> str:
    """Return an address as it may be printed, without its password."""
    secret = {name: _HIDDEN for name in url.query if _is_secret(name)}
    return url.update_query_dict(secret).render_as_string(hide_password=True)


def without_secrets(text: str, url: URL) -> str:
    """Return a message about a database without the passwords in its address."""
    secrets = [str(url.password or ""), *(str(value) for name, value in url.query.items() if _is_secret(name))]
    for one in secrets:
        text = text.replace(one, _HIDDEN) if one else text
    return text


def _is_secret(name: str) -> bool:
    return "password" in name.lower()
