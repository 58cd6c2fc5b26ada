"""Sign-offs as a report shows them: who, what for, when, with which key, and whether each is valid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.report import wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rig.evidence.signoff import CheckedSignOff, SignOff

__all__ = ["SignOffView", "view_signoffs", "when"]

_UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOffView:
    """A row of the section on authorisation; ``state`` is ``valid``, or ``NOT VALID`` with the ``problem``."""

    meaning: str
    name: str
    role: str
    time: str
    key_id: str
    remarks: tuple[str, ...]
    valid: bool
    state: str
    problem: str


def when(signoff: SignOff) -> str:
    """Return when somebody signed, in UTC."""
    return wording.moment(signoff.time)


def view_signoffs(checked: Iterable[CheckedSignOff]) -> Iterator[SignOffView]:
    """Yield a row per line of the file of sign-offs; also of one that cannot be read."""
    for one in checked:
        state = "NOT VALID" if one.problem else "valid"
        if one.signoff is None:
            yield SignOffView(
                meaning=wording.MISSING,
                name=_UNREADABLE,
                role="",
                time=wording.MISSING,
                key_id=wording.MISSING,
                remarks=(),
                valid=False,
                state=state,
                problem=one.problem,
            )
        else:
            said = one.signoff.statement
            override = f"Signed although the run is incomplete: {said.override}" if said.override else ""
            yield SignOffView(
                meaning=said.meaning.value.capitalize(),
                name=said.name,
                role=said.role,
                time=when(one.signoff),
                key_id=one.signoff.key,
                remarks=tuple(filter(None, (said.comment, override, one.remark and f"It is {one.remark} UTC"))),
                valid=not one.problem,
                state=state,
                problem=one.problem,
            )
