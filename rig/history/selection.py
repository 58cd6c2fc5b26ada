"""Which runs or values of the past are meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Selection"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What has to hold of a run, and of a value in it; what is None or empty is not asked.

    Attributes
    ----------
    device, plan, bench, operator : a serial number, the id of a plan, the id of a bench, a name
    since, until : when the run began, both included
    virtual : whether the bench was a virtual one
    complete, evidence : only runs that came to their end; only runs that are more than engineering
    case, load, instrument : of a value: the id of its case, its load, the name or serial of its instrument
    retried : of a value: take also attempts after which there was another
    """

    device: str = ""
    plan: str = ""
    bench: str = ""
    operator: str = ""
    since: datetime | None = None
    until: datetime | None = None
    virtual: bool | None = None
    complete: bool = False
    evidence: bool = False
    case: str = ""
    load: str = ""
    instrument: str = ""
    retried: bool = False
