"""The record of a run, laid out in the rows of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.history.results import (
    CaseRow,
    InstrumentRow,
    JudgementRow,
    LoadRow,
    MeasurementRow,
    PackRow,
    PlanRow,
    Results,
    RunRow,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.evidence.about import EnvironmentEntry
    from rig.evidence.record import CaseRecord, InstrumentEntry, LoadEntry, MeasurementEntry, RunRecord

__all__ = ["flatten"]


def flatten(record: RunRecord, *, manifest_sha256: str, bundle: str) -> Results:
    """Return the rows of a run.

    Parameters
    ----------
    manifest_sha256 : the SHA-256 of the manifest that seals the run's evidence
    bundle : where that evidence lies
    """
    run, bench = record.run_id, record.bench
    return Results(
        run=_run(record, manifest_sha256, bundle),
        plans=tuple(
            PlanRow(
                run_id=run,
                position=position,
                id=one.id,
                title=one.title,
                revision=one.revision,
                sha256=one.source.sha256,
                decision_rule=one.decision_rule.value,
            )
            for position, one in enumerate(record.plans)
        ),
        packs=tuple(
            PackRow(
                run_id=run,
                position=position,
                id=one.id,
                title=one.title,
                edition=one.edition,
                sha256=one.source.sha256,
            )
            for position, one in enumerate(record.packs)
        ),
        instruments=tuple(_instrument(run, *one) for one in enumerate(bench.instruments if bench else ())),
        loads=tuple(_load(run, *one) for one in enumerate(bench.loads if bench else ())),
        cases=tuple(_case(run, *one) for one in enumerate(record.cases)),
        measurements=tuple(row for one in enumerate(record.cases) for row in _measurements(run, *one)),
        judgements=tuple(row for one in enumerate(record.cases) for row in _judgements(run, *one)),
    )


def _run(record: RunRecord, manifest_sha256: str, bundle: str) -> RunRow:
    device, software = record.device, record.software
    # Who the device says it is, rather than who its file says it is.
    identity = device and (device.reported or device)
    return RunRow(
        run_id=record.run_id,
        manifest_sha256=manifest_sha256,
        bundle=bundle,
        started=record.started,
        finished=record.finished,
        end_reason=record.end_reason,
        verdict=record.verdict,
        engineering_only=record.engineering_only,
        notes=record.notes,
        operator=record.operator,
        signed_by=record.signed_by,
        not_selected=record.not_selected,
        bench=record.bench.id if record.bench else "",
        virtual=record.bench.virtual if record.bench else False,
        device_manufacturer=identity.manufacturer if identity else "",
        device_model=identity.model if identity else "",
        device_serial=identity.serial if identity else "",
        device_firmware=identity.firmware if identity else "",
        software_version=software.version,
        software_commit=software.commit,
        software_modified=software.modified,
        python=software.python,
        platform=software.platform,
        packages=software.packages,
        **_surroundings(record.environment),
        deviations=tuple(one.text for one in record.deviations),
    )


def _surroundings(entry: EnvironmentEntry | None) -> dict[str, float | None]:
    temperature, humidity = (entry.temperature, entry.humidity) if entry else (None, None)
    return {
        "temperature": temperature.value if temperature else None,
        "temperature_uncertainty": temperature.expanded_uncertainty if temperature else None,
        "humidity": humidity.value if humidity else None,
        "humidity_uncertainty": humidity.expanded_uncertainty if humidity else None,
    }


def _instrument(run: str, position: int, entry: InstrumentEntry) -> InstrumentRow:
    identity, calibration = entry.identity, entry.calibration
    return InstrumentRow(
        run_id=run,
        position=position,
        name=entry.name,
        role=entry.role,
        driver=entry.driver,
        address=entry.address,
        manufacturer=identity.manufacturer if identity else "",
        model=identity.model if identity else "",
        serial=identity.serial if identity else "",
        firmware=identity.firmware if identity else "",
        certificate=calibration.certificate if calibration else None,
        calibrated=calibration.performed if calibration else None,
        due=calibration.due if calibration else None,
        expired=calibration.expired if calibration else None,
    )


def _load(run: str, position: int, entry: LoadEntry) -> LoadRow:
    calibration = entry.calibration
    return LoadRow(
        run_id=run,
        position=position,
        name=entry.name,
        nominal=entry.nominal,
        resistance=entry.resistance,
        uncertainty=entry.uncertainty,
        certificate=calibration.certificate if calibration else None,
        due=calibration.due if calibration else None,
    )


def _case(run: str, position: int, case: CaseRecord) -> CaseRow:
    stimulus = case.stimulus
    return CaseRow(
        run_id=run,
        position=position,
        plan=case.plan,
        id=case.id,
        title=case.title,
        traces=case.traces,
        attempt=case.attempt,
        retried=case.retried,
        verdict=case.verdict,
        reason=case.reason,
        decision_rule=case.decision_rule.value,
        started=case.started,
        duration=case.duration,
        load=case.load.name if case.load else "",
        load_resistance=case.load.resistance if case.load else None,
        channel=stimulus.channel,
        shape=stimulus.shape,
        amplitude=stimulus.amplitude,
        phase_duration=stimulus.phase_duration,
        interphase=stimulus.interphase,
        rate=stimulus.rate,
        train=stimulus.train,
        polarity=stimulus.polarity,
        error_type=case.error.type if case.error else "",
        error_message=case.error.message if case.error else "",
        mode=case.mode,
    )


def _measurements(run: str, case_position: int, case: CaseRecord) -> Iterator[MeasurementRow]:
    sources = {(one.id, wave.signal): wave.source for one in case.captures for wave in one.waveforms}
    for position, entry in enumerate(case.measurements):
        yield MeasurementRow(
            run_id=run,
            case_position=case_position,
            position=position,
            measurand=entry.measurand,
            during=entry.during,
            instrument=_taken_from(entry, sources),
            unit=entry.unit.value if entry.unit else None,
            value=entry.value,
            n=entry.n,
            minimum=entry.minimum,
            maximum=entry.maximum,
            std=entry.std,
            expanded_uncertainty=entry.expanded_uncertainty,
            expanded_single=entry.expanded_single,
            coverage_factor=entry.coverage_factor,
            reason=entry.reason,
        )


def _taken_from(entry: MeasurementEntry, sources: dict[tuple[str, str], str]) -> str:
    """Return the name of the instrument whose signal a value was computed from; empty if of several, or of none."""
    capture, signal, *_ = (*entry.origin, "", "")
    return sources.get((capture, signal), "").partition(":")[0]


def _judgements(run: str, case_position: int, case: CaseRecord) -> Iterator[JudgementRow]:
    for position, entry in enumerate(case.judgements):
        limit = entry.limit
        yield JudgementRow(
            run_id=run,
            case_position=case_position,
            position=position,
            measurand=limit.measurand,
            during=limit.during,
            unit=limit.unit.value,
            lower=limit.lower,
            upper=limit.upper,
            lower_closed=limit.lower_closed,
            upper_closed=limit.upper_closed,
            text=limit.text,
            source=limit.source,
            clause=limit.clause,
            edition=limit.edition,
            statistic=limit.statistic.value,
            rule=entry.rule.value,
            verdict=entry.verdict,
            reason=entry.reason,
            value=entry.value,
            expanded_uncertainty=entry.expanded_uncertainty,
            margin=entry.margin,
            probability_conforming=entry.probability_conforming,
        )
