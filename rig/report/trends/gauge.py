"""A gauge R&R study for a reader: tables, plot, CSV and JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rig.history.statistics.gauge import GaugeStudy
from rig.history.studies.gauge import ACCEPTED, UNACCEPTABLE
from rig.report import wording
from rig.report.tables import Cell, csv_table
from rig.report.trends.rows import left_out
from rig.report.trends.table import plain_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.history.statistics.gauge import Component
    from rig.history.studies.gauge import GaugeStudies, Study

__all__ = [
    "COMPONENTS",
    "gauge_csv",
    "gauge_json",
    "gauge_values_csv",
    "share",
    "show_gauge",
    "show_study",
    "verdict_of",
]

COMPONENTS = {
    "gauge": "gauge R&R",
    "repeatability": "  repeatability",
    "reproducibility": "  reproducibility",
    "appraiser": "    appraiser",
    "interaction": "    part × appraiser",
    "part": "part to part",
    "total": "total",
}
"""Every component, as it is called, from the whole to what it is made of."""

_COLUMNS = ("source", "standard deviation", "95 %", "% contribution", "% study variation", "% tolerance")
_ANOVA = ("analysis of variance", "df", "sum of squares", "mean square", "F", "p")


def show_gauge(studies: GaugeStudies) -> str:
    """Return the tables of every study, or why there is none."""
    asked = studies.asked
    lines = [f"{asked.measurand}: gauge R&R, parts are {asked.part}s, appraisers are {asked.appraiser}s"]
    if not studies.studies:
        lines.append("no value counts")
    for study in studies.studies:
        lines += ["", f"{wording.visible(study.name)}: {verdict_of(study)}", show_study(study)]
    left = left_out(studies.left_out)
    return "\n".join([*lines, "", left] if left else lines)


def show_study(study: Study) -> str:
    """Return the tables of one study."""
    return "\n".join(_shown(study))


def _shown(study: Study) -> Iterator[str]:
    if isinstance(study.result, GaugeStudy):
        result = study.result
        yield f"{result.parts} parts × {result.appraisers} appraisers × {result.repeats} repeats"
        yield plain_table(_COLUMNS, (_line(result.component(name), study) for name in COMPONENTS))
        yield f"number of distinct categories: {result.categories or wording.MISSING}"
        yield plain_table(_ANOVA, _anova(result))
        if study.ranges:
            yield (
                "by averages and ranges, to compare: gauge "
                f"{wording.quantity(study.ranges.gauge, study.unit, digits=3)}, "
                f"part {wording.quantity(study.ranges.part, study.unit, digits=3)}"
            )
    for note in study.notes:
        yield f"note: {wording.visible(note)}"


def verdict_of(study: Study) -> str:
    """Say how the gauge stands to the shares that AIAG names, and of what."""
    value = study.share
    if value is None:
        return "no result"
    of = "study variation" if study.tolerance is None else "tolerance"
    how = "acceptable" if value < ACCEPTED else "UNACCEPTABLE" if value > UNACCEPTABLE else "may be acceptable"
    return f"{how}: R&R is {share(value)} of the {of}"


def share(value: float | None) -> str:
    """Write a share in percent."""
    return wording.MISSING if value is None else wording.typeset(f"{100 * value:.3g} %")


def _line(one: Component, study: Study) -> tuple[str, ...]:
    bounds = (
        f"{wording.quantity(one.lower, study.unit, digits=3)} to {wording.quantity(one.upper, study.unit, digits=3)}"
        if one.lower is not None and one.upper is not None
        else ""
    )
    return (
        COMPONENTS[one.name],
        wording.quantity(one.deviation, study.unit, digits=3),
        bounds,
        share(one.contribution),
        share(one.study),
        share(one.tolerance),
    )


def _anova(result: GaugeStudy) -> Iterator[tuple[str, ...]]:
    for heading, rows in (("", result.anova), ("pooled: ", result.reduced)):
        for row in rows:
            numbers = ("" if number is None else f"{number:.3g}" for number in (row.f, row.p))
            yield f"{heading}{row.source}", str(row.freedom), f"{row.squares:.4g}", f"{row.mean_square:.4g}", *numbers


def gauge_csv(studies: GaugeStudies) -> str:
    """Return one row per component of every study, in SI units."""
    head = (
        "study", "measurand", "unit", "virtual", "parts", "appraisers", "repeats", "component", "standard_deviation",
        "low", "high", "contribution", "study_variation", "share_of_tolerance", "negative", "categories", "pooled",
        "problem",
    )  # fmt: skip
    return csv_table(head, (row for study in studies.studies for row in _component_rows(studies, study)))


def _component_rows(studies: GaugeStudies, study: Study) -> Iterator[tuple[Cell, ...]]:
    where = (study.name, studies.asked.measurand, study.unit.value, str(study.virtual).lower())
    result = study.result
    if not isinstance(result, GaugeStudy):
        yield (*where, len(study.parts), len(study.appraisers), *(None,) * 11, result.reason)
        return
    for one in result.components:
        yield (
            *where, result.parts, result.appraisers, result.repeats, one.name, one.deviation, one.lower, one.upper,
            one.contribution, one.study, one.tolerance, str(one.negative).lower(), result.categories,
            str(result.pooled).lower(), None,
        )  # fmt: skip


def gauge_values_csv(studies: GaugeStudies) -> str:
    """Return one row per value of every balanced study."""
    return csv_table(
        ("study", "part", "appraiser", "repeat", "value", "unit"),
        (
            (study.name, part, appraiser, repeat + 1, float(study.values[p, a, repeat]), study.unit.value)
            for study in studies.studies
            if study.values.size
            for p, part in enumerate(study.parts)
            for a, appraiser in enumerate(study.appraisers)
            for repeat in range(study.values.shape[2])
        ),
    )


def gauge_json(studies: GaugeStudies) -> str:
    """Return every study with its analysis of variance, in SI units."""
    return json.dumps(
        {
            "measurand": studies.asked.measurand,
            "part": studies.asked.part.value,
            "appraiser": studies.asked.appraiser.value,
            "left_out": dict(studies.left_out),
            "studies": [_as_json(study) for study in studies.studies],
        },
        indent=2,
        ensure_ascii=False,
    )


def _as_json(study: Study) -> dict[str, object]:
    result = study.result
    known: dict[str, object] = {
        "study": study.name,
        "virtual": study.virtual,
        "unit": study.unit.value,
        "parts": study.parts,
        "appraisers": study.appraisers,
        "tolerance": study.tolerance,
        "share": study.share,
        "notes": study.notes,
    }
    if not isinstance(result, GaugeStudy):
        return known
    return known | {
        "repeats": result.repeats,
        "pooled": result.pooled,
        "categories": result.categories,
        "components": {
            one.name: {
                "standard_deviation": one.deviation,
                "low": one.lower,
                "high": one.upper,
                "contribution": one.contribution,
                "study_variation": one.study,
                "share_of_tolerance": one.tolerance,
                "negative": one.negative,
            }
            for one in result.components
        },
        "anova": [
            {"source": row.source, "df": row.freedom, "ss": row.squares, "ms": row.mean_square, "f": row.f, "p": row.p}
            for row in result.anova
        ],
    }
