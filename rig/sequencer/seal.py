"""The beginning and the end of a run's evidence: what it was based on, what came out, and the seal over both."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import rig
from rig.evidence import mapping
from rig.evidence.environment import describe_software
from rig.evidence.layout import RECORD
from rig.evidence.long_capture import read_signals
from rig.evidence.plain import hash_plain, inside
from rig.evidence.reading import read_source
from rig.evidence.record import (
    BenchEntry,
    DeviceEntry,
    HighestEntry,
    InstrumentEntry,
    LoadEntry,
    ModeEntry,
    PackEntry,
    PlanEntry,
    RunRecord,
    SignalEntry,
)
from rig.model.identity import Calibration
from rig.sequencer.told import about_entry, laboratory_entry, photograph_entries, sample_entry
from rig.units import Unit, format_quantity
from rig.verdict.aggregate import run_verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import date, datetime

    from rig.bench.declared_modes import DeclaredMode
    from rig.bench.definition import BenchDefinition
    from rig.bench.device_file import DeviceFile
    from rig.bench.file_parts import Certificate
    from rig.evidence.about import DeviationEntry, EnvironmentEntry, PhotographEntry
    from rig.evidence.record import CalibrationEntry, CaptureEntry, FileEntry, SoftwareEntry
    from rig.evidence.signing import Signer
    from rig.evidence.store import Bundle
    from rig.model.recording import Recording
    from rig.model.waveform import Waveform
    from rig.plan.load import LoadedPlan
    from rig.sequencer.run import Run
    from rig.sequencer.setup import RunOptions, Setup

    ReadCapture = Callable[[CaptureEntry], Mapping[str, Waveform | Recording]]
    ReadFile = Callable[[FileEntry], bytes]
    # Record, what reads its captures and other files, and the SHA-256 of the record's file; to files by their names.
    Renderer = Callable[[RunRecord, ReadCapture, ReadFile, str], Mapping[str, bytes]]

__all__ = ["REPORT", "Header", "Renderer", "render_and_seal", "run_record", "seal_run", "write_and_seal"]

REPORT = "report.html"


@dataclass(slots=True, kw_only=True)
class Header:
    """What is known of a run before its first case; ``notes`` grow with what deviates from the ordinary."""

    setup: Setup
    started: datetime
    operator: str
    signer: Signer | None
    not_selected: int
    software: SoftwareEntry
    plans: tuple[PlanEntry, ...]
    packs: tuple[PackEntry, ...]
    bench_source: FileEntry
    device_source: FileEntry
    photographs: tuple[PhotographEntry, ...] = ()
    environment: EnvironmentEntry | None = None
    deviations: tuple[DeviationEntry, ...] = ()
    notes: list[str] = field(default_factory=list)

    @classmethod
    def begin(
        cls,
        bundle: Bundle,
        setup: Setup,
        plans: Mapping[Path, LoadedPlan],
        options: RunOptions,
        *,
        started: datetime,
        not_selected: int,
    ) -> Header:
        """Copy every file the run is based on into the evidence."""
        for source in (*setup.definition.files, *setup.device.files):
            bundle.copy_source(source.path, "bench", shown_as=source.shown_as, sha256=source.sha256)
        return cls(
            setup=setup,
            started=started,
            operator=options.operator,
            signer=options.signer,
            not_selected=not_selected,
            software=describe_software(Path(rig.__file__).parent),
            plans=tuple(_plan_entry(bundle, path, loaded) for path, loaded in plans.items()),
            packs=tuple(_pack_entries(bundle, setup, plans.values())),
            bench_source=bundle.copy_source(setup.definition.path, "bench"),
            device_source=bundle.copy_source(setup.device.path, "bench"),
            photographs=tuple(photograph_entries(bundle, setup.definition)),
            environment=options.told.environment(bundle),
            deviations=options.told.deviations,
        )

    def note(self, text: str) -> None:
        """Add a remark that every report shows."""
        self.notes.append(text)


def _plan_entry(bundle: Bundle, path: Path, loaded: LoadedPlan) -> PlanEntry:
    plan, document = loaded.plan, loaded.document
    return PlanEntry(
        id=plan.plan,
        title=plan.title,
        revision=plan.revision,
        source=bundle.copy_source(path, "plan", shown_as=document.shown_as, sha256=document.sha256),
        decision_rule=plan.decision_rule,
        about=about_entry(plan.about),
    )


def _pack_entries(bundle: Bundle, setup: Setup, plans: Iterable[LoadedPlan]) -> list[PackEntry]:
    used = dict.fromkeys(name for loaded in plans for name in loaded.plan.limits)
    return [
        PackEntry(
            id=one.pack.id,
            title=one.pack.title,
            edition=one.pack.edition,
            source=bundle.copy_source(one.path, "limits", sha256=one.sha256),
        )
        for name in used
        if (one := setup.packs.get(name)) is not None
    ]


def seal_run(run: Run, header: Header, render: Renderer, *, reason: str, finished: datetime) -> None:
    """Write the record and everything rendered from it, then the manifest over all files."""
    run.record = record = run_record(run, header, reason=reason, finished=finished)
    run.trouble = write_and_seal(run.bundle, record, render, header.signer)
    run.sealed = True
    if not run.trouble:
        run.report = run.bundle.folder / REPORT


def write_and_seal(bundle: Bundle, record: RunRecord, render: Renderer, signer: Signer | None = None) -> str:
    """Write a record and everything rendered from it, then seal and sign; return why there is no report, or nothing."""
    bundle.write_record(record)
    return render_and_seal(bundle, record, render, signer)


def render_and_seal(bundle: Bundle, record: RunRecord, render: Renderer, signer: Signer | None) -> str:
    """Write what is rendered from a record that is written, but for what stands there already; then seal and sign."""

    def samples(entry: CaptureEntry) -> Mapping[str, Waveform | Recording]:
        return read_signals(inside(bundle.folder, entry.source.file))

    trouble = ""
    try:
        files = partial(read_source, bundle.folder)
        for name, content in render(record, samples, files, hash_plain(bundle.folder / RECORD) or "").items():
            if not (bundle.folder / name).exists():
                bundle.add_file(name, content)
    except Exception as error:  # noqa: BLE001 - evidence is worth more than its picture: whatever it is, seal the rest
        trouble = f"the report could not be rendered ({type(error).__name__}: {error}); the evidence is complete"
    bundle.seal(signer)
    return trouble


def run_record(run: Run, header: Header, *, reason: str, finished: datetime | None) -> RunRecord:
    """Return the record of a run as it stands."""
    records = run.records
    return RunRecord(
        run_id=run.bundle.folder.name,
        started=header.started,
        finished=finished,
        end_reason=reason,
        verdict=run_verdict((record.verdict for record in records if not record.retried), end=reason),
        engineering_only=tuple(run.bench.engineering_only) if run.is_open else (),
        operator=header.operator,
        signed_by="" if header.signer is None else header.signer.id,
        software=header.software,
        bench=_bench_entry(run, header),
        device=_device_entry(run, header),
        plans=header.plans,
        packs=header.packs,
        not_selected=header.not_selected,
        cases=records,
        notes=tuple(header.notes),
        environment=header.environment,
        deviations=header.deviations,
    )


def _bench_entry(run: Run, header: Header) -> BenchEntry:
    definition = header.setup.definition
    identities = run.bench.identities if run.is_open else {}
    today = header.started.date()
    instruments = []
    for name, one in definition.instruments.items():
        identity = identities.get(name)
        instruments.append(
            InstrumentEntry(
                name=name,
                role=one.role,
                driver=one.driver,
                address=one.address,
                identity=None if identity is None else mapping.identity_entry(identity),
                calibration=_calibration(definition, name, today),
            )
        )
    return BenchEntry(
        id=definition.id,
        title=definition.title,
        virtual=definition.virtual,
        source=header.bench_source,
        instruments=tuple(instruments),
        loads=tuple(_loads(definition, today)),
        signals=tuple(_signals(definition)),
        laboratory=laboratory_entry(definition),
        photographs=header.photographs,
    )


def _signals(definition: BenchDefinition) -> Iterator[SignalEntry]:
    """Yield which channel sees what, and across what."""
    voltage, current, sense = definition.voltage, definition.current, definition.sense_resistor
    if voltage is not None:
        yield SignalEntry(
            signal="voltage",
            instrument=voltage.instrument,
            channel=str(voltage.channel),
            probe=voltage.probe,
            input_resistance=voltage.input_resistance,
        )
    if current is not None:
        yield SignalEntry(
            signal="current",
            instrument=current.instrument,
            channel=current.channel,
            sense_resistor="" if sense is None else sense.title,
            resistance=None if sense is None else sense.resistance,
        )
    multimeter = definition.named("multimeter")
    if multimeter is not None:
        across_load = definition.instruments[multimeter].options.get("across") == "load"
        channel = definition.instruments[multimeter].input
        yield SignalEntry(signal="voltage" if across_load else "current", instrument=multimeter, channel=channel)


def _loads(definition: BenchDefinition, today: date) -> Iterator[LoadEntry]:
    """Yield every load position, and the resistor in series with all of them that the current is read from."""
    box = _certificate(definition.box.certificate, today)
    for load in definition.loads.values():
        yield mapping.load_entry(load, None if load.is_open else box)
    sense = definition.sense_resistor
    if sense is not None:
        yield LoadEntry(
            name=f"in series: {sense.title}",
            nominal=sense.resistance,
            resistance=sense.resistance,
            uncertainty=sense.uncertainty,
            power_rating=sense.power_rating,
            calibration=_certificate(sense.certificate, today),
        )


def _certificate(certificate: Certificate, today: date) -> CalibrationEntry:
    return mapping.calibration_entry(Calibration(**certificate.model_dump()), today)


def _calibration(definition: BenchDefinition, name: str, today: date) -> CalibrationEntry | None:
    record = definition.calibrations.get(name)
    if record is None:
        return None
    return _certificate(record.certificate, today)


def _device_entry(run: Run, header: Header) -> DeviceEntry:
    device = header.setup.device.file
    name = header.setup.definition.named("stimulator") or ""
    reported = run.bench.identities.get(name) if run.is_open else None
    return DeviceEntry(
        manufacturer=device.identity.manufacturer,
        model=device.identity.model,
        serial=device.identity.serial,
        firmware=device.identity.firmware or "",
        source=header.device_source,
        reported=None if reported is None else mapping.identity_entry(reported),
        ratings=_ratings(device),
        basic_unit={"channels": str(device.channels), **device.basic_unit.stated()},
        modes=tuple(map(_mode, device.modes)),
        sample=sample_entry(device),
    )


def _mode(declared: DeclaredMode) -> ModeEntry:
    highest = (
        HighestEntry(amplitude=one.amplitude, phase_duration=one.phase_duration, rate=one.rate)
        for one in declared.highest
    )
    return ModeEntry(mode=declared.mode, shape=declared.shape.value, highest=tuple(highest))


def _ratings(device: DeviceFile) -> dict[str, str]:
    rated = device.ratings
    return {
        "current": format_quantity(rated.current, Unit.AMPERE),
        "voltage": format_quantity(rated.voltage, Unit.VOLT),
        "charge per phase": format_quantity(rated.charge_per_phase, Unit.COULOMB),
        "phase duration": format_quantity(rated.phase_duration, Unit.SECOND),
        "rate": format_quantity(rated.rate, Unit.HERTZ),
        "smallest electrode": format_quantity(device.electrodes.smallest_area, Unit.SQUARE_METRE),
    }
