"""Trends and gauge studies as one self-contained page: no request leaves it, and no text is taken for markup."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from rig.history.statistics.gauge import GaugeStudy
from rig.report import wording
from rig.report.trends.gauge import show_study, verdict_of
from rig.report.trends.gauge_plot import draw_gauge
from rig.report.trends.plot import draw_trends
from rig.report.trends.rows import HEAD, introduction, left_out, row_of

if TYPE_CHECKING:
    from rig.history.studies.gauge import GaugeStudies
    from rig.history.studies.trend import Trends

__all__ = ["gauge_page", "trends_page"]

Section = tuple[int, str, tuple[str, ...], str, Markup]


def trends_page(trends: Trends) -> str:
    """Return the table of all series, and for each what was found and its chart."""
    rows = [row_of(number, trend) for number, trend in enumerate(trends.trends, 1)]
    sections = (
        (
            row.number,
            row.series,
            (*row.found, *row.notes),
            "",
            _inline(draw_trends([trend], trends.asked.measurand, "svg"), row.number),
        )
        for row, trend in zip(rows, trends.trends, strict=True)
    )
    return _page(
        kind="Trend", title=wording.words(trends.asked.measurand), introduction=introduction(trends),
        left=left_out(trends.left_out), head=HEAD, rows=rows, sections=sections,
    )  # fmt: skip


def gauge_page(studies: GaugeStudies) -> str:
    """Return the tables and the picture of every study."""
    sections = (
        (
            number,
            study.name,
            (verdict_of(study),),
            show_study(study),
            _inline(draw_gauge([study], studies.asked.measurand, "svg"), number)
            if isinstance(study.result, GaugeStudy)
            else Markup(),
        )
        for number, study in enumerate(studies.studies, 1)
    )
    asked = studies.asked
    return _page(
        kind="Gauge R&R", title=wording.words(asked.measurand), left=left_out(studies.left_out), head=(), rows=(),
        introduction=f"parts are {asked.part}s, appraisers are {asked.appraiser}s", sections=sections,
    )  # fmt: skip


def _page(**fields: object) -> str:
    return _environment().get_template("trends.html.j2").render(**fields)


def _inline(picture: bytes, number: int) -> Markup:
    """Return an SVG file as an element of a page, with names of its own."""
    text = picture.decode()
    element = text[text.index("<svg") :].replace('id="', f'id="p{number}-')
    element = element.replace("url(#", f"url(#p{number}-").replace('xlink:href="#', f'xlink:href="#p{number}-')
    return Markup(element)  # noqa: S704 - written by matplotlib, which escapes every text in it


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("rig.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: wording.visible(value) if type(value) is str else value,
    )
