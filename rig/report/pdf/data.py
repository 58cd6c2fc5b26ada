"""A view as JSON: values only, in which no text can become markup."""

from __future__ import annotations

import dataclasses
import json
from functools import cache
from typing import TYPE_CHECKING

from rig.report.case_view import CaseView
from rig.report.drawing import Drawing
from rig.report.pdf.letters import breakable, printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rig.report.case_view import MeasurementView
    from rig.report.view import ReportView

__all__ = ["report_json"]

_NAMES = frozenset({"key", "style"})  # what templates look up and never show
Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


def report_json(report: ReportView, figures: Iterable[Drawing], **more: object) -> str:
    """Return a view and the figures of its cases as one JSON object.

    Every field has its own name. The cases stand once, in ``cases``, each with the order of its ``ranked_checks`` and
    its ``figure``; where another field names a case there is its place in ``cases``, counted from 0. Of what a
    measurement is made stands in one text: a long report is set in less time.
    """
    text = cache(lambda one: breakable(printable(one)))  # the same words come again and again
    places = {id(case): place for place, case in enumerate(report.cases)}

    def value(one: object) -> Json:
        if isinstance(one, CaseView):
            return places[id(one)]
        if isinstance(one, Drawing):
            alt = printable(one.alt or one.caption)
            return {"svg": printable(one.svg), "alt": alt, "caption": value(one.caption)}
        if isinstance(one, str):
            return text(one)
        if dataclasses.is_dataclass(one) and not isinstance(one, type):
            return fields(one)
        if isinstance(one, tuple | list):
            return [value(part) for part in one]
        if isinstance(one, bool | int | float) or one is None:
            return one
        raise TypeError(f"a report holds no {type(one).__name__}")

    def fields(one: object) -> dict[str, Json]:
        named = {field.name: getattr(one, field.name) for field in dataclasses.fields(one)}  # type: ignore[arg-type]
        return {name: part if name in _NAMES else value(part) for name, part in named.items()}

    def measurement(one: MeasurementView) -> dict[str, Json]:
        told = {"measurand": one.measurand, "value": one.value, "reason": one.reason, "made_of": one.made_of}
        return {name: text(part) for name, part in told.items()}

    data = fields(report)
    data["cases"] = [
        fields(dataclasses.replace(case, measurements=()))
        | {
            "measurements": [measurement(one) for one in case.measurements],
            "ranked_checks": [check.number - 1 for check in case.ranked_checks],
            "figure": value(figure),
        }
        for case, figure in zip(report.cases, figures, strict=True)
    ]
    return json.dumps(data | {name: value(one) for name, one in more.items()}, ensure_ascii=False)
