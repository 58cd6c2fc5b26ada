"""The report as one HTML file: no request leaves it, and no text of the record is taken for markup."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from rig.errors import RigError
from rig.report import wording
from rig.report.figure import describe, draw
from rig.report.trace import read_trace
from rig.report.view import CASES_SECTION, view_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from rig.evidence.record import CaptureEntry, CaseRecord, RunRecord
    from rig.evidence.signoff import CheckedSignOff
    from rig.model.recording import Recording
    from rig.model.waveform import Waveform

    ReadCapture = Callable[[CaptureEntry], Mapping[str, Waveform | Recording]]

__all__ = ["render_html"]


def render_html(record: RunRecord, captures: ReadCapture | None, signoffs: Iterable[CheckedSignOff] = ()) -> str:
    """Return the report of ``record`` as one self-contained HTML page.

    Parameters
    ----------
    record : the only source of every statement, number and verdict on the page
    captures : reads the samples of a capture, for the figures; without it the report has none
    signoffs : what was found beside the bundle, checked
    """
    environment = _environment()
    script = environment.loader.get_source(environment, "report.js")[0] if environment.loader else ""
    report = view_report(record, signoffs)
    running = tuple(banner.word for banner in report.banners)
    return environment.get_template("report.html.j2").render(
        report=report,
        cases=zip(report.cases, _figures(record, captures), strict=True),
        script=Markup(script),  # noqa: S704 - our own file, named by its hash in the page's policy
        script_hash=b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        running=running,
        running_css=Markup(_css_text(" · ".join(running))),  # noqa: S704 - every letter but a-z is a code point there
        running_id=Markup(_css_text(wording.visible(report.run_id))),  # noqa: S704 - likewise
        cases_section=CASES_SECTION,
        missing=wording.MISSING,
        words=wording.words,
    )


@cache
def _environment() -> Environment:
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


def _css_text(text: str) -> str:
    """Write text for a CSS string so that nothing in it can end the string, the rule or the style element."""
    return "".join(letter if letter.isascii() and letter.isalnum() else f"\\{ord(letter):x} " for letter in text)


def _figures(record: RunRecord, captures: ReadCapture | None) -> Iterator[tuple[Markup, str]]:
    """Yield figure and caption of each case, one at a time: a long run's samples never lie in memory together.

    Where there is no figure the caption says why; both are empty for a case without captures.
    """
    for case in record.cases:
        yield _figure(case, captures)


def _figure(case: CaseRecord, captures: ReadCapture | None) -> tuple[Markup, str]:
    # Of several the last one: an earlier one clipped, and is not what was measured.
    last_first = tuple(reversed(case.captures))
    signal = next((capture for capture in last_first if capture.purpose == "signal"), None)
    if signal is None or captures is None:
        return Markup(), ""
    zero = next((capture for capture in last_first if capture.purpose == "zero"), None)
    try:
        trace = read_trace(case, captures(signal), captures(zero) if zero else None)
    except (RigError, OSError) as error:
        return Markup(), f"No figure: {signal.source.file}: {error}"
    if trace is None:
        return Markup(), f"No figure: {signal.source.file} holds no samples that can be drawn."
    return Markup(draw(case, trace)), f"{describe(case, trace)} Capture {signal.id}."  # noqa: S704 - built escaped
