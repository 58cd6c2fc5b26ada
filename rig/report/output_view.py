"""The annex of output specifications: the basic unit, and per output mode its table and sample calculations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.report import wording
from rig.report.basic_unit import basic_unit
from rig.report.declared import Declared
from rig.report.output_fields import LOADS, later_fields, section_three
from rig.report.output_marks import Mark, marks_of
from rig.report.output_modes import Mode, modes_of
from rig.report.sample_calculations import Sample, sample_calculations

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rig.evidence.record import RunRecord
    from rig.report.case_view import CaseView
    from rig.report.output_rows import Row

__all__ = ["OutputModeView", "OutputView", "asks_for_output", "is_of_output", "view_output"]

_PACKS = "fda-"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputModeView:
    """One output mode: fields 1 to 16, what was asked for later, and sample calculations."""

    number: str
    key: str
    name: str
    cases: str
    marks: tuple[Mark, ...]
    fields: tuple[Row, ...]
    later: tuple[Row, ...]
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputView:
    """The whole annex; ``area`` is the conductive area that densities are of."""

    basic_unit: tuple[Row, ...]
    area: str
    modes: tuple[OutputModeView, ...]


def is_of_output(pack: str) -> bool:
    """Whether a limit pack, by its id, lists the figures that the annex puts together."""
    return pack.startswith(_PACKS)


def asks_for_output(record: RunRecord) -> bool:
    """Whether a run speaks of output modes: by a pack of the FDA, or by naming one."""
    return any(is_of_output(pack.id) for pack in record.packs) or any(case.mode for case in record.cases)


def view_output(record: RunRecord, cases: Iterable[CaseView]) -> OutputView | None:
    """Return the annex of a run, ``cases`` being the views of its cases; None where it speaks of no output mode."""
    if not asks_for_output(record):
        return None
    area = record.device.ratings.get("smallest electrode", "") if record.device else ""
    return OutputView(
        basic_unit=tuple(basic_unit(record)),
        area=f"{wording.prose(area)}, as the device file states it and taken as exact" if area else "not stated",
        modes=tuple(_mode(mode, index, record) for index, mode in enumerate(modes_of(record, cases), 1)),
    )


def _mode(mode: Mode, index: int, record: RunRecord) -> OutputModeView:
    usable = sum(not one.unusable for one in mode.cases)
    counted = f"{usable} of {len(mode.cases)} cases of this mode give values"
    return OutputModeView(
        number=f"A.{index + 1}",
        key=f"mode-{index}",
        name=mode.name,
        cases=counted,
        marks=tuple(marks_of(mode, Declared.of(mode, record.device), LOADS)),
        fields=tuple(section_three(mode, record.device)),
        later=tuple(later_fields(mode, record.device)),
        samples=tuple(sample_calculations(mode, record.device.ratings if record.device else {})),
    )
