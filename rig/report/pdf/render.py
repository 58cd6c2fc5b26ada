"""The report as PDF/A-2a and PDF/UA-1: tagged, searchable, with its own fonts, and the same bytes every time."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from rig.errors import EvidenceError
from rig.report import wording
from rig.report.drawing import drawings
from rig.report.figure import Lettering
from rig.report.output_traces import output_traces
from rig.report.pdf.data import report_json
from rig.report.pdf.letters import fonts_folder
from rig.report.pdf.packed import packed
from rig.report.setup_diagram import draw_setup
from rig.report.view import view_report

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from datetime import datetime

    from typst import PDFStandard

    from rig.evidence.record import RunRecord
    from rig.report.drawing import ReadCapture
    from rig.report.standing import Standing

__all__ = ["moment_parts", "render_pdf", "typeset"]

_STANDARDS: list[PDFStandard] = ["a-2a", "ua-1"]
# On paper a unit of a figure is two thirds of a point: letters of 12 are 8 pt high.
_ON_PAPER = Lettering(family="Libertinus Serif, DejaVu Sans", size=12)


def render_pdf(
    record: RunRecord,
    captures: ReadCapture | None,
    standing: Standing | None = None,
    *,
    pool: Executor | None = None,
) -> bytes:
    """Return the report of ``record`` as a PDF.

    Parameters
    ----------
    record : the only source of every statement, number and verdict on its pages
    captures : reads the samples of a capture, for the figures; without it the report has none
    standing : what is known of the evidence itself, for its hashes and marks
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
        output_traces=list(output_traces(record, report.cases, captures, _ON_PAPER)),
    )
    return typeset("report.typ", data, f"the report of {report.run_id}")


def typeset(template: str, data: str, named: str) -> bytes:
    """Return the PDF that a template makes of JSON; ``named`` is what it is called.

    Raises
    ------
    EvidenceError
        if typst refuses what would not conform
    """
    import typst  # noqa: PLC0415 - 80 MB that only a PDF needs

    with as_file(files("rig.report") / "templates") as templates:
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
