"""The report as one HTML file: no request leaves it, and no text of the record is taken for markup."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from rig.report import wording
from rig.report.drawing import Drawing, drawings
from rig.report.output_traces import output_traces
from rig.report.photographs import shown_photographs
from rig.report.setup_diagram import draw_setup
from rig.report.view import view_report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.evidence.record import RunRecord
    from rig.report.drawing import ReadCapture
    from rig.report.photographs import ReadFile
    from rig.report.standing import Standing
    from rig.report.view import ReportView

__all__ = ["css_text", "page_environment", "render_html"]

_SCRIPTS = ("report.js", "zoom.js")
_MANY = 200  # cases, above which contributions below 1 % of a variance are left to the record


def render_html(
    record: RunRecord,
    captures: ReadCapture | None,
    standing: Standing | None = None,
    *,
    files: ReadFile | None = None,
) -> str:
    """Return the report of ``record`` as one self-contained HTML page.

    Parameters
    ----------
    record : the only source of every statement, number and verdict on the page
    captures : reads the samples of a capture, for the figures; without it the report has none
    standing : what is known of the evidence itself, for its hashes and marks
    files : reads other files of the evidence, for the photographs; without it they are listed alone
    """
    environment = page_environment()
    script = _script(environment)
    report = view_report(record, standing)
    running = tuple(banner.word for banner in report.banners)
    return environment.get_template("report.html.j2").render(
        report=report,
        cases=zip(report.cases, _figures(record, captures), strict=True),
        setup=_setup(record),
        photographs=tuple(shown_photographs(record, files)),
        traces=_traces(record, report, captures),
        brief=len(record.cases) > _MANY,
        script=Markup(script),  # noqa: S704 - our own file, named by its hash in the page's policy
        script_hash=b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        running=running,
        running_css=Markup(css_text(" · ".join(running))),  # noqa: S704 - every letter but a-z is a code point there
        running_id=Markup(css_text(wording.visible(report.run_id))),  # noqa: S704 - likewise
        running_hash=Markup(css_text(_hash(report))),  # noqa: S704 - likewise
        missing=wording.MISSING,
        words=wording.words,
    )


def _script(environment: Environment) -> str:
    """Return our own scripts as one, so that one hash in the page's policy stands for them."""
    loader = environment.loader
    return "".join(loader.get_source(environment, name)[0] for name in _SCRIPTS) if loader else ""


@cache
def page_environment() -> Environment:
    """Return what fills in templates: everything is escaped, and what is missing is an error."""
    return Environment(
        loader=PackageLoader("rig.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_shown,
    )


def _shown(value: object) -> object:
    """Let no control or direction character of the record reach the page unseen."""
    return wording.visible(value) if type(value) is str else value


def css_text(text: str) -> str:
    """Write text for a CSS string so that nothing in it can end the string, the rule or the style element."""
    return "".join(letter if letter.isascii() and letter.isalnum() else f"\\{ord(letter):x} " for letter in text)


def _hash(report: ReportView) -> str:
    """Return the hash that stands for all of the evidence as far as it is known: the first."""
    return f"SHA-256 of {report.hashes[0][0]}: {report.hashes[0][1]}" if report.hashes else ""


def _traces(record: RunRecord, report: ReportView, captures: ReadCapture | None) -> list[list[tuple[str, Markup, str]]]:
    """Return title, drawing and caption of the traces of each output mode."""
    found: list[list[tuple[str, Markup, str]]] = [[] for _ in (report.output.modes if report.output else ())]
    for one in output_traces(record, report.cases, captures):
        drawing = Markup(one.drawing.svg)  # noqa: S704 - built escaped
        found[one.mode].append((one.title, drawing, one.drawing.caption))
    return found


def _setup(record: RunRecord) -> tuple[Markup, str]:
    drawing = draw_setup(record) or Drawing()
    return Markup(drawing.svg), drawing.caption  # noqa: S704 - built escaped


def _figures(record: RunRecord, captures: ReadCapture | None) -> Iterator[tuple[Markup, str]]:
    for drawing in drawings(record, captures, closer=True):
        yield Markup(drawing.svg), drawing.caption  # noqa: S704 - built escaped
