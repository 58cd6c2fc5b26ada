"""The report as PDF/A-2a and PDF/UA-1: tagged, searchable, with its own fonts, and the same bytes every time."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from rig.errors import EvidenceError
from rig.report import wording
from rig.report.drawing import drawings
from rig.report.figure import Lettering
from rig.report.output_traces import output_traces
from rig.report.pdf.data import report_json
from rig.report.pdf.letters import fonts_folder
from rig.report.pdf.packed import packed
from rig.report.photographs import shown_photographs
from rig.report.setup_diagram import draw_setup
from rig.report.view import view_report

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from datetime import datetime

    from typst import PDFStandard

    from rig.evidence.record import RunRecord
    from rig.report.drawing import Drawing, ReadCapture
    from rig.report.photographs import ReadFile, ShownPhotograph
    from rig.report.standing import Standing

__all__ = ["moment_parts", "render_pdf", "typeset"]

_STANDARDS: list[PDFStandard] = ["a-2a", "ua-1"]
# On paper a unit of a figure is two thirds of a point: letters of 12 are 8 pt high.
_WIDEST, _HIGHEST = 170.0, 95.0
_ON_PAPER = Lettering(family="Libertinus Serif, DejaVu Sans", size=12)


def render_pdf(
    record: RunRecord,
    captures: ReadCapture | None,
    standing: Standing | None = None,
    *,
    files: ReadFile | None = None,
    pool: Executor | None = None,
) -> bytes:
    """Return the report of ``record`` as a PDF.

    Parameters
    ----------
    record : the only source of every statement, number and verdict on its pages
    captures : reads the samples of a capture, for the figures; without it the report has none
    standing : what is known of the evidence itself, for its hashes and marks
    files : reads other files of the evidence, for the photographs; without it they are listed alone
    pool : processes that draw the figures meanwhile; ``captures`` must be one that can be sent to them

    Raises
    ------
    EvidenceError
        if typst refuses what would not conform
    """
    drawn = drawings(record, captures, _ON_PAPER, pool=pool)
    report = view_report(record, standing)
    dated = wording.utc(record.finished or record.started)
    data = report_json(
        report,
        drawn,
        dated=moment_parts(dated),
        setup=draw_setup(record, _ON_PAPER),
        photographs=[_on_paper(one) for one in shown_photographs(record, files)],
        output_traces=list(output_traces(record, report.cases, captures, _ON_PAPER)),
    )
    return typeset("report.typ", data, f"the report of {report.run_id}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Photograph:
    number: int
    drawing: Drawing
    width: float


def _on_paper(one: ShownPhotograph) -> _Photograph:
    """Return a photograph with the width on paper, mm, at which it is neither too wide nor too high for half a page."""
    width = min(_WIDEST, _HIGHEST * one.width / one.height) if one.height else 0.0
    return _Photograph(number=one.number, drawing=one.drawing, width=width)


def typeset(template: str, data: str, named: str) -> bytes:
    """Return the PDF that a template makes of JSON; ``named`` is what it is called.

    Raises
    ------
    EvidenceError
        if typst refuses what would not conform
    """
    import typst  # noqa: PLC0415 - 80 MB that only a PDF needs

    with resources.as_file(resources.files("rig.report") / "templates") as templates:
        try:
            made: bytes = typst.compile(
                str(templates / template),
                root=str(templates),
                font_paths=[str(fonts_folder())],
                ignore_system_fonts=True,
                sys_inputs={"report": data},
                format="pdf",
                pdf_standards=_STANDARDS,
                timestamp=0,  # the document has a date of its own; without this the moment of rendering would get in
            )
        except typst.TypstError as error:
            raise EvidenceError(f"{named} cannot be set as a PDF: {error.message}") from error
    return packed(made)


def moment_parts(dated: datetime) -> list[int]:
    """Return year, month, day, hour, minute and second, as the frame of a document takes them."""
    return [dated.year, dated.month, dated.day, dated.hour, dated.minute, dated.second]
