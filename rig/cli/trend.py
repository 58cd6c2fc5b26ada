"""What values of many runs say: ``rig trend`` and ``rig grr``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rig.cli.chosen import Database, Evidence, evidence_folder
from rig.cli.writing import write_file

if TYPE_CHECKING:
    from rig.history.point import Point
    from rig.history.selection import Selection

__all__ = ["app"]

app = typer.Typer()


class _By(StrEnum):
    DEVICE = "device"
    INSTRUMENT = "instrument"


class _Part(StrEnum):
    DEVICE = "device"
    CASE = "case"


class _Appraiser(StrEnum):
    OPERATOR = "operator"
    INSTRUMENT = "instrument"


Measurand = Annotated[str, typer.Argument(help="A measurand, for example phase_top.", metavar="MEASURAND")]
Case = Annotated[str, typer.Option(metavar="PATTERN", help="Only these cases: an id, * and ? stand for anything.")]
Since = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="Only runs begun since, UTC.")
]
Engineering = Annotated[bool, typer.Option("--engineering", help="Count runs for engineering only as well.")]
Csv = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the table as CSV.")]
Values = Annotated[Path | None, typer.Option("--values", metavar="FILE", help="Write every value as CSV.")]
Plot = Annotated[Path | None, typer.Option("--plot", metavar="FILE", help="Write a picture: .svg or .png.")]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write one page with tables and pictures.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON in SI units.")]


@app.command()
def trend(
    measurand: Measurand,
    case: Case = "",
    device: Annotated[str, typer.Option(metavar="SERIAL", help="Only of the device with this serial number.")] = "",
    instrument: Annotated[str, typer.Option(metavar="NAME|SERIAL", help="Only as this instrument saw it.")] = "",
    by: Annotated[_By, typer.Option(help="What a series follows.")] = _By.DEVICE,
    since: Since = None,
    baseline: Annotated[
        str, typer.Option(metavar="N|DATE", help="Control limits: from so many first values, or those before a day.")
    ] = "20",
    subgroup_day: Annotated[bool, typer.Option("--subgroup-day", help="The values of one day are a subgroup.")] = False,
    rules: Annotated[str, typer.Option(metavar="1,2,...", help="Run rules, of 1 to 6.")] = "1,2,3,4",
    no_split: Annotated[
        bool, typer.Option("--no-split", help="Go on where firmware, instrument or calibration changed.")
    ] = False,
    engineering: Engineering = False,
    csv: Csv = None,
    values: Values = None,
    plot: Plot = None,
    html: Html = None,
    as_json: Json = False,
    evidence: Evidence = None,
    database: Database = None,
) -> None:
    """Show how a measured value wanders over many runs: control chart, capability, drift and when it meets its limit.

    Exit code: 0 every series is in control, 1 one is out of control now or drifts to a limit, met within a year,
    2 refused, 3 of a series too few values to tell.
    """
    form = _form(plot)
    from rig.errors import Refused  # noqa: PLC0415 - as everywhere here: --help has to be quick
    from rig.history.selection import Selection  # noqa: PLC0415
    from rig.history.studies.series import By  # noqa: PLC0415
    from rig.history.studies.trend import Asked, trends_of  # noqa: PLC0415
    from rig.report.trends.figures import trends_csv, trends_json, values_csv  # noqa: PLC0415
    from rig.report.trends.page import trends_page  # noqa: PLC0415
    from rig.report.trends.plot import LARGEST, draw_trends  # noqa: PLC0415
    from rig.report.trends.table import show_trends  # noqa: PLC0415

    asked = Asked(
        measurand=measurand, by=By(by), case=case, baseline=_baseline(baseline), by_day=subgroup_day,
        split=not no_split, engineering=engineering, rules=_rules(rules),
    )  # fmt: skip
    chosen = Selection(device=device, instrument=instrument, since=since and since.replace(tzinfo=UTC), retried=True)
    found = trends_of(_points(measurand, chosen, evidence, database), asked)
    if plot and len(found.trends) > LARGEST:
        raise Refused(f"{len(found.trends)} series are too many for one picture, {LARGEST} fit: choose with --case")
    _write(csv, lambda: trends_csv(found).encode())
    _write(values, lambda: values_csv(found).encode())
    _write(html, lambda: trends_page(found).encode())
    _write(plot, lambda: draw_trends(found.trends, measurand, form), unless="" if found.trends else "no value counts")
    typer.echo(trends_json(found) if as_json else show_trends(found))
    raise typer.Exit(found.exit_code)


@app.command()
def grr(
    measurand: Measurand,
    part: Annotated[_Part, typer.Option(help="What truly differs.")] = _Part.DEVICE,
    appraiser: Annotated[_Appraiser, typer.Option(help="What should make no difference.")] = _Appraiser.OPERATOR,
    case: Case = "",
    runs: Annotated[list[str] | None, typer.Option(metavar="RUN", help="Only this run; may be repeated.")] = None,
    since: Since = None,
    engineering: Engineering = False,
    csv: Csv = None,
    values: Values = None,
    plot: Plot = None,
    html: Html = None,
    as_json: Json = False,
    evidence: Evidence = None,
    database: Database = None,
) -> None:
    """Study gauge repeatability and reproducibility over repeated runs: every part by every appraiser, equally often.

    Exit code: 0 no gauge takes more than 30 % of the tolerance (or study variation), 1 one does, 2 refused, also where
    runs are missing, 3 of a study too few values.
    """
    form = _form(plot)
    from rig.history.selection import Selection  # noqa: PLC0415 - as above
    from rig.history.statistics.gauge import GaugeStudy  # noqa: PLC0415
    from rig.history.studies.gauge import AppraisedBy, GaugeAsked, PartIs, studies_of  # noqa: PLC0415
    from rig.report.trends.gauge import gauge_csv, gauge_json, gauge_values_csv, show_gauge  # noqa: PLC0415
    from rig.report.trends.gauge_plot import draw_gauge  # noqa: PLC0415
    from rig.report.trends.page import gauge_page  # noqa: PLC0415

    asked = GaugeAsked(
        measurand=measurand, part=PartIs(part), appraiser=AppraisedBy(appraiser), case=case, runs=tuple(runs or ()),
        engineering=engineering,
    )  # fmt: skip
    chosen = Selection(since=since and since.replace(tzinfo=UTC), retried=True)
    found = studies_of(_points(measurand, chosen, evidence, database), asked)
    _write(csv, lambda: gauge_csv(found).encode())
    _write(values, lambda: gauge_values_csv(found).encode())
    _write(html, lambda: gauge_page(found).encode())
    drawn = any(isinstance(one.result, GaugeStudy) for one in found.studies)
    _write(plot, lambda: draw_gauge(found.studies, measurand, form), unless="" if drawn else "no study has a result")
    typer.echo(gauge_json(found) if as_json else show_gauge(found))
    raise typer.Exit(found.exit_code)


def _points(measurand: str, chosen: Selection, evidence: Path | None, database: str | None) -> Sequence[Point]:
    """Read the values of a measurand, and refuse one that no run ever measured."""
    from rig.cli.history import opened  # noqa: PLC0415 - as above
    from rig.errors import Refused  # noqa: PLC0415

    with opened(database, evidence_folder(evidence)) as kept:
        points = kept.points(measurand, chosen)
        known = kept.measurands()
    if measurand.partition(" during ")[0] not in known:
        raise Refused(f"no run ever measured {measurand!r}; there are: {', '.join(known) or 'no values at all'}")
    return points


def _baseline(text: str) -> int | datetime:
    from rig.errors import Refused  # noqa: PLC0415 - as above
    from rig.history.statistics.chart import LEAST_BASELINE  # noqa: PLC0415

    if re.fullmatch(r"[0-9]{1,6}", text):
        if int(text) < LEAST_BASELINE:
            raise Refused(f"--baseline {text}: control limits need at least {LEAST_BASELINE} values")
        return int(text)
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise Refused(f"--baseline {text!r} is neither a number of values nor a day such as 2026-11-22") from None


def _rules(text: str) -> tuple[int, ...]:
    from rig.errors import Refused  # noqa: PLC0415 - as above
    from rig.history.statistics.rules import RULES  # noqa: PLC0415

    parts = text.split(",")
    if not all(part.strip() in {str(rule) for rule in RULES} for part in parts):
        raise Refused(f"--rules {text!r}: rules are {', '.join(map(str, RULES))}, with commas between them")
    return tuple(sorted({int(part) for part in parts}))


def _form(plot: Path | None) -> Literal["svg", "png"]:
    from rig.errors import Refused  # noqa: PLC0415 - as above

    ending = plot.suffix.lower() if plot else ".svg"
    if ending not in {".svg", ".png"}:
        raise Refused(f"--plot {plot}: a picture is .svg or .png")
    return "png" if ending == ".png" else "svg"


def _write(file: Path | None, content: Callable[[], bytes], *, unless: str = "") -> None:
    """Write a file that was asked for, ``unless`` there is a reason for not writing it."""
    if file is None or unless:
        if file is not None:
            typer.echo(f"not written: {file}: {unless}", err=True)
        return
    write_file(file, content())
