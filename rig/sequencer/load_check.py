"""Every position of a load box, measured by a small stimulus as a run of its own, with evidence of its own."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from rig.model.verdict import Verdict
from rig.plan.load import load_plan
from rig.sequencer.setup import read_setup
from rig.sequencer.start import start_run
from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.evidence.record import CaseRecord
    from rig.model.load import Load
    from rig.sequencer.seal import Renderer
    from rig.sequencer.setup import RunOptions, Setup

__all__ = ["LoadState", "check_loads", "plan_of"]

_MEASURAND = "load_resistance"
# A network has no one resistance. That it is the one is seen by both instruments in every case, or the case is no PASS.
_DELIVERED, _NETWORK_AGREES = "phase_top", "agrees with its series resistance, capacitance and total resistance"
# Enough to be measured well: a fifth of what the device can drive, 5 mA at most.
_CURRENT, _SHARE = 5e-3, 0.2
_STEP = 0.5e-3
_WITHIN = "5 %"
# Less than this drops too little voltage to be told from leads, ohm.
_LEAST = 50.0


class LoadState(BaseModel):
    """A load as measured, ohm; ``problems`` say what is wrong with it, ``note`` why it was not measured."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    load: str
    nominal: float
    measured: float | None = None
    expanded_uncertainty: float | None = None
    note: str = ""
    problems: tuple[str, ...] = ()


def check_loads(options: RunOptions, *, render: Renderer) -> tuple[tuple[LoadState, ...], Path]:
    """Stimulate every resistor of the load box in turn; return what was measured, and where the evidence is.

    This energises the bench: all that watches over a run watches over this one.
    """
    setup = read_setup(options)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "load-check.plan.yaml"
        path.write_text(plan_of(setup), encoding="utf-8")
        loaded = load_plan(path, shown_as="load-check.plan.yaml")
        with start_run({path: loaded}, loaded.cases, options, render=render) as run:
            records = {case.load: run.execute(case) for case in loaded.cases}
            evidence = run.evidence
    states = [
        _state(name, records[name], setup)
        if name in records
        else LoadState(load=name, nominal=load.resistance, note=_why_not(load))
        for name, load in setup.definition.loads.items()
        if not load.is_open
    ]
    return tuple(states), Path(evidence)


def plan_of(setup: Setup) -> str:
    """Return the plan that does it, as a person would write it."""
    return "\n".join([
        "plan: load-check",
        "title: Every resistor of the load box, by a small stimulus",
        "revision: '1'",
        "ceiling: {current_peak: 20 mA, charge_per_phase: 20 uC, exposure: 5 s}",
        "defaults:",
        "  stimulus: {shape: biphasic_symmetric, phase_duration: 500 us, rate: 20 Hz, train: 0.5 s}",
        "cases:",
        *_cases(setup),
        "",
    ])


def _cases(setup: Setup) -> Iterator[str]:
    ratings = setup.device.file.ratings
    for number, (name, load) in enumerate(setup.definition.loads.items()):
        if load.is_open or _why_not(load):
            continue
        most = min(_CURRENT, ratings.current, _SHARE * ratings.voltage / load.resistance)
        amplitude = format_quantity(max(_STEP, most // _STEP * _STEP), Unit.AMPERE, digits=3)
        yield f"  - id: load-{number}"
        yield f"    load: {name}"
        yield f"    stimulus: {{amplitude: {amplitude}}}"
        yield f"    verify: [{_DELIVERED if load.reactive else _MEASURAND}: {{within: {_WITHIN} of set}}]"


def _why_not(load: Load) -> str:
    """Say why a position cannot be measured this way; nothing if it can."""
    return f"not measured: below {_LEAST:g} ohm" if load.resistance < _LEAST else ""


def _state(name: str, record: CaseRecord, setup: Setup) -> LoadState:
    found = next((one for one in record.measurements if one.measurand == _MEASURAND and not one.during), None)
    problems = () if record.verdict is Verdict.PASS else (f"{record.verdict}: {record.reason or 'see the evidence'}",)
    return LoadState(
        load=name,
        nominal=setup.definition.loads[name].resistance,
        note=_NETWORK_AGREES if setup.definition.loads[name].reactive and not problems else "",
        measured=None if found is None else found.value,
        expanded_uncertainty=None if found is None else found.expanded_uncertainty,
        problems=problems,
    )
