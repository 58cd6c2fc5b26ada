"""What people said of a run beside its plan's cases, in the words of a report; where they said nothing, that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.report import wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rig.evidence.about import AboutEntry, ReadingEntry, StandardEntry
    from rig.evidence.record import RunRecord

__all__ = ["NOT_STATED", "About", "Photograph", "view_about"]

NOT_STATED = "not stated"
_NOT_RECORDED = "not recorded"

Rows = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Photograph:
    """A photograph of the set-up: what it shows, and where it lies in the evidence."""

    caption: str
    file: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Rows of names and texts for the sections of a report, in their order."""

    purpose: Rows
    item: Rows
    sampling: Rows
    method: Rows
    environment: Rows
    photographs: tuple[Photograph, ...]
    criteria: Rows


def view_about(record: RunRecord) -> About:
    """Return what people said of a run."""
    return About(
        purpose=tuple(_purpose(record)),
        item=tuple(_item(record)),
        sampling=tuple(_sampling(record)),
        method=tuple(_method(record)),
        environment=tuple(_environment(record)),
        photographs=tuple(_photographs(record)),
        criteria=tuple(_criteria(record)),
    )


def _plans(record: RunRecord) -> Iterator[tuple[str, AboutEntry | None]]:
    """Yield the plans' own words, each with what tells it from the others where there are several."""
    for plan in record.plans:
        yield f" ({plan.id})" if len(record.plans) > 1 else "", plan.about


def _said(record: RunRecord, name: str, key: str) -> Iterator[tuple[str, str]]:
    """Yield what the plans say under a key; what all of them say is said once."""
    found = [(suffix, getattr(about, key) if about else "") for suffix, about in _plans(record)]
    if len({text for _, text in found}) <= 1:
        yield name, found[0][1] or NOT_STATED if found else NOT_STATED
        return
    for suffix, text in found:
        yield f"{name}{suffix}", text or NOT_STATED


def _purpose(record: RunRecord) -> Iterator[tuple[str, str]]:
    laboratory = record.bench.laboratory if record.bench else None
    yield "Laboratory", laboratory.name if laboratory else NOT_STATED
    yield "Address", (laboratory.address if laboratory else "") or NOT_STATED
    yield "Location of the activity", _location(record)
    yield from _said(record, "Customer", "customer")
    yield "Test performed", "; ".join(wording.prose(plan.title) for plan in record.plans) or "without a plan"
    yield from _said(record, "Objective", "objective")
    yield "Performed on", _days(record)
    yield "From external providers", "no result; calibrations are those of the certificates in the tables of equipment"


def _location(record: RunRecord) -> str:
    if record.bench is None:
        return NOT_STATED
    laboratory = record.bench.laboratory
    if record.bench.virtual:
        return "a virtual bench: nothing physical was tested"
    if laboratory is None:
        return NOT_STATED
    return laboratory.location or (f"at {laboratory.address}" if laboratory.address else NOT_STATED)


def _days(record: RunRecord) -> str:
    first = wording.moment(record.started).partition(" ")[0]
    last = wording.moment(record.finished).partition(" ")[0] if record.finished else first
    return first if first == last else f"{first} to {last}"


def _item(record: RunRecord) -> Iterator[tuple[str, str]]:
    sample = record.device.sample if record.device else None
    for name, key in (("Description", "description"), ("Lot", "lot"), ("Condition", "condition")):
        yield name, (getattr(sample, key) if sample else "") or NOT_STATED
    yield "Final, finished device", _finished(record)
    yield "Conditioning before the test", (sample.conditioning if sample else "") or NOT_STATED
    yield "Sampled on", str(sample.sampled) if sample and sample.sampled else NOT_STATED
    yield "Received on", str(sample.received) if sample and sample.received else NOT_STATED
    yield "Accessories", ", ".join(sample.accessories if sample else ()) or NOT_STATED
    yield "Battery", (sample.battery if sample else "") or NOT_STATED


def _finished(record: RunRecord) -> str:
    sample = record.device.sample if record.device else None
    if sample is None or sample.finished is None:
        return NOT_STATED
    return ". ".join(filter(None, ("yes" if sample.finished else "no", sample.justification)))


def _sampling(record: RunRecord) -> Iterator[tuple[str, str]]:
    cases = record.decisive
    devices = "1 device" if record.device else "no device"
    yield "Sample size", f"{devices}, {len(cases)} case{'s' * (len(cases) != 1)}"
    yield from _said(record, "Selection, and why so many", "sampling")
    yield from _said(record, "Worst case", "worst_case")


def _method(record: RunRecord) -> Iterator[tuple[str, str]]:
    yield from _said(record, "Method", "method")
    found: dict[str, None] = {}
    for _, about in _plans(record):
        found.update(dict.fromkeys(_standard(one) for one in (about.standards if about else ())))
    for pack in record.packs:
        found[f"{pack.title}, {pack.edition} (limits of {pack.id})"] = None
    for text in found or {NOT_STATED: None}:
        yield "Standard", text


def _standard(one: StandardEntry) -> str:
    return f"{one.name}, {one.edition}; deviations from it: {one.deviations or 'none stated'}"


def _environment(record: RunRecord) -> Iterator[tuple[str, str]]:
    said = record.environment
    yield "Temperature", _reading(said.temperature if said else None, 1.0, "°C")
    yield "Relative humidity", _reading(said.humidity if said else None, 100.0, "%")
    if said is None:
        return
    known = (said.instrument, said.certificate, f"due {said.due}" if said.due else "")
    yield "Read with", ", ".join(filter(None, known)) or NOT_STATED
    yield "Stated by", f"{record.operator or 'the operator'}, before the run"


def _reading(reading: ReadingEntry | None, factor: float, unit: str) -> str:
    if reading is None:
        return _NOT_RECORDED
    value = f"{reading.value * factor:.6g}".replace("-", "−")
    if reading.expanded_uncertainty is None:
        return f"{value}\u202f{unit}; its uncertainty was not stated"
    return f"{value}\u202f±\u202f{reading.expanded_uncertainty * factor:.3g}\u202f{unit} (k = 2)"


def _photographs(record: RunRecord) -> Iterable[Photograph]:
    for one in record.bench.photographs if record.bench else ():
        yield Photograph(caption=one.caption, file=one.source.file, sha256=one.source.sha256)


def _criteria(record: RunRecord) -> Iterator[tuple[str, str]]:
    yield from _said(record, "Why these acceptance criteria", "acceptance")
    yield from _said(record, "Data-analysis plan", "analysis")
    software = record.software
    named = f"nmes-rig {software.version}, commit {software.commit or 'unknown'}"
    yield "Algorithms", f"each measurand by the one of its own name, unless its row says otherwise, of {named}"
