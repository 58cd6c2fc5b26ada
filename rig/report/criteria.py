"""What a test demands, in few words: what its cases repeat with other settings is written once with all of them."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from rig.report import wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rig.evidence.record import LimitEntry

__all__ = ["criteria"]

_QUANTITY = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)? [A-Za-z%][\w%/]*")
_VALUES = 6  # of a quantity that are named one by one
_WORDINGS = 3  # of a measurand that are shown, where they differ in more than one quantity
_MARK = "*"


def criteria(limits: Iterable[LimitEntry]) -> tuple[str, ...]:
    """Return one line for each demand that the limits of a test's cases make, in their order.

    Measurands of which the same is demanded share a line. Limits that are not sure are marked, and a last line says
    what the mark means.
    """
    found: dict[str, dict[str, None]] = {}
    cautions: dict[str, None] = {}
    for limit in limits:
        text, caution = limit.text, wording.caution(limit)
        if caution:
            cautions[caution] = None
            text = f"{text.removesuffix(caution).rstrip('; ')}{_MARK}"
        # Which stretch is meant stands in the text as well.
        name = limit.measurand if limit.during and limit.during in text else limit.called
        found.setdefault(wording.words(name), {})[text] = None
    same: dict[str, list[str]] = {}
    for name, texts in found.items():
        same.setdefault(_few(list(_collapsed(list(texts)))), []).append(name)
    return (
        *(_line(names, demand) for demand, names in same.items()),
        *(f"{_MARK} {caution}" for caution in cautions),
    )


def _line(names: list[str], demand: str) -> str:
    """Write the measurands before what is demanded, unless that begins with them."""
    named = ", ".join(names)
    return wording.prose(demand if demand.lower().startswith(named.lower()) else f"{named}: {demand}")


def _few(texts: list[str]) -> str:
    more = len(texts) - _WORDINGS
    return "; ".join(texts[:_WORDINGS]) + (f"; and {more} more, each with its case" if more > 0 else "")


def _collapsed(texts: list[str]) -> Iterator[str]:
    """Yield the texts, those that differ in one quantity alone as one text with all its values."""
    forms: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for text in texts:
        forms.setdefault(tuple(_QUANTITY.split(text)), []).append(
            tuple(one.replace("-", "−") for one in _QUANTITY.findall(text))
        )
    for form, quantities in forms.items():
        varied = _most_varied(quantities)
        groups: dict[tuple[str, ...], list[str]] = {}
        for values in quantities:
            rest = (*values[:varied], "", *values[varied + 1 :])
            groups.setdefault(rest, []).extend(values[varied : varied + 1])
        for rest, named in groups.items():
            filled = (*rest[:varied], _listed(named), *rest[varied + 1 :])
            yield "".join(part + one for part, one in zip(form, (*filled, ""), strict=False))


def _most_varied(quantities: list[tuple[str, ...]]) -> int:
    """Return the place of the quantity of which there are most values."""
    counts = [len(set(values)) for values in zip(*quantities, strict=True)]
    return counts.index(max(counts)) if counts else 0


def _listed(values: list[str]) -> str:
    """Write values with each unit once.

    >>> _listed(["500 us", "700 us", "1.1 ms"])
    '500, 700 us, 1.1 ms'
    """
    more = len(values) - _VALUES
    told: list[str] = []
    for unit, run in groupby(values[:_VALUES], key=lambda one: one.partition(" ")[2]):
        told.append(f"{', '.join(one.partition(' ')[0] for one in run)} {unit}")
    return ", ".join(told) + (f" and {more} more" if more > 0 else "")
