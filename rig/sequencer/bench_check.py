"""What a bench says of itself before anybody relies on it: who is there, in what state, how quiet, and which loads."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from rig.acquisition.capture import Instruments, capture_quiet
from rig.acquisition.correct import correct
from rig.acquisition.quality import inspect
from rig.analysis.noise_floor import noise_floor
from rig.bench.build import open_bench
from rig.bench.drivers.system_clock import SystemClock
from rig.bench.opening import TWIN, Opening, open_checked
from rig.errors import RigError
from rig.model.identity import Calibration
from rig.model.waveform import Purpose
from rig.roles import CalibrationKeeping, Interlock, Multimeter, SelfTesting
from rig.sequencer.load_check import LoadState
from rig.sequencer.ranges import Ranges
from rig.sequencer.settings import quiet_view
from rig.sequencer.setup import read_setup
from rig.sequencer.start import served
from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from rig.bench.bench_file import InstrumentEntry
    from rig.bench.build import Bench
    from rig.model.signal_path import SignalPath
    from rig.model.waveform import Waveform
    from rig.roles import Attendant, Instrument
    from rig.sequencer.setup import RunOptions, Setup

__all__ = ["CANNOT", "BenchState", "InstrumentState", "NoiseState", "examine_bench"]

_NOT_TRIED = "not tried: it feeds the device"
CANNOT = "cannot test itself"
# The range in which a multimeter shows what is there while nothing is asked of the device, ±V.
_AT_REST = 10.0


class _State(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InstrumentState(_State):
    """One instrument; ``identity`` is empty where it did not answer, and ``problems`` say what is wrong with it.

    ``calibration`` is that of the bench's record, ``own_calibration`` what the instrument itself remembers.
    """

    name: str
    role: str
    driver: str
    address: str
    identity: str = ""
    firmware: str = ""
    self_test: str = ""
    reported: str = ""
    errors: tuple[str, ...] = ()
    calibration: str = ""
    own_calibration: str = ""
    problems: tuple[str, ...] = ()


class NoiseState(_State):
    """A signal while nothing is connected, in ``unit``; bounds are what its calibration record states."""

    signal: str
    instrument: str
    unit: Unit
    rms: float
    rms_stated: float
    offset: float
    offset_stated: float
    problems: tuple[str, ...] = ()


class BenchState(_State):
    """Everything that was found; ``engineering_only`` says why results of this bench would be no evidence.

    ``evidence`` is where that of the measured loads is.
    """

    bench: str
    title: str
    checked: str
    instruments: tuple[InstrumentState, ...]
    noise: tuple[NoiseState, ...] = ()
    loads: tuple[LoadState, ...] = ()
    evidence: str = ""
    engineering_only: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything that is wrong, each with what it is wrong with."""
        named = [
            *((one.name, one.problems) for one in self.instruments),
            *((one.signal, one.problems) for one in self.noise),
            *((one.load, one.problems) for one in self.loads),
        ]
        return tuple(f"{name}: {problem}" for name, problems in named for problem in problems)


def examine_bench(options: RunOptions) -> BenchState:
    """Open every instrument in turn, then the bench as a whole, and listen to it with nothing connected.

    Nothing is stimulated. What is wrong with one instrument keeps the others from nothing; the noise floor is looked
    at only if all of them are in order.
    """
    setup, clock = read_setup(options), SystemClock()
    today = clock.utc().date()
    with ExitStack() as stack:
        addresses = served(stack, setup, options)
        found = {
            name: _instrument(name, entry, setup, addresses, clock, options.attendant)
            for name, entry in setup.definition.instruments.items()
            if entry.role != "stimulator" or setup.definition.supply is None
        }
        noise: tuple[NoiseState, ...] = ()
        reasons: tuple[str, ...] = ()
        if not any(one.problems for one in found.values()):
            opening = open_bench(
                setup.definition,
                setup.device,
                addresses=addresses,
                today=today,
                utc=clock.utc,
                attendant=options.attendant,
            )
            bench = stack.enter_context(opening)
            found = {name: found.get(name) or _fed(name, setup, bench) for name in setup.definition.instruments}
            noise, reasons = _noise(bench, setup), bench.engineering_only
        return BenchState(
            bench=setup.definition.id,
            title=setup.definition.title,
            checked=clock.utc().isoformat(timespec="seconds"),
            instruments=tuple(found.values()),
            noise=noise,
            engineering_only=reasons,
        )


def _instrument(
    name: str,
    entry: InstrumentEntry,
    setup: Setup,
    addresses: Mapping[str, str],
    clock: SystemClock,
    attendant: Attendant | None,
) -> InstrumentState:
    """Ask one instrument everything about itself."""
    definition, address = setup.definition, addresses.get(name, entry.address)
    state = InstrumentState(
        name=name,
        role=entry.role,
        driver=entry.driver,
        address=address,
        calibration=_calibration(name, setup, clock.utc().date()),
    )
    opening = Opening(
        name=name,
        entry=entry,
        address=address,
        clock=clock,
        timeout=definition.file.guard.answer if entry.role == "interlock" else None,
        relays=tuple(channel for relays in definition.relays.values() for channel in relays),
        device=setup.device.file,
        device_path=setup.device.path,
        dialogue=setup.device.dialogue,
        attendant=attendant,
    )
    try:
        if address == TWIN:
            return state.model_copy(update={"problems": ("the virtual bench does not have it",)})
        with closing(open_checked(opening, entry.role)) as instrument:
            identity = instrument.identify()
            known = {"identity": f"{identity.manufacturer} {identity.model}, serial {identity.serial}"}
            state = state.model_copy(update={**known, "firmware": identity.firmware})
            return _dated(_asked(state, instrument), instrument, clock.utc().date().isoformat())
    except RigError as error:
        problem = str(error).removeprefix(f"{name}: ")
        return state.model_copy(update={"problems": (*state.problems, problem)})


def _asked(state: InstrumentState, instrument: Instrument) -> InstrumentState:
    """Have an instrument test itself, and read what it has to complain of."""
    if isinstance(instrument, Interlock):
        held = instrument.hold_time
        alone = "" if held is None else f", opens by itself after {held:g} s"
        return state.model_copy(update={"reported": f"{'closed' if instrument.enabled() else 'open'}{alone}"})
    if isinstance(instrument, Multimeter):
        state = state.model_copy(update={"reported": _read(instrument)})
    if not isinstance(instrument, SelfTesting):
        return state.model_copy(update={"self_test": CANNOT})
    before = instrument.errors()
    # A supply's self-test may switch what it feeds.
    complaint = "" if state.role == "supply" else instrument.self_test()
    errors = (*before, *instrument.errors())
    problems = [*([f"self-test: {complaint}"] if complaint else []), *(f"error queue: {one}" for one in errors)]
    tested = _NOT_TRIED if state.role == "supply" else "FAILED" if complaint else "passed"
    return state.model_copy(update={"self_test": tested, "errors": errors, "problems": tuple(problems)})


def _dated(state: InstrumentState, instrument: Instrument, today: str) -> InstrumentState:
    """Add when the instrument was calibrated, if it remembers; that is beside any record that the bench file names."""
    dates = instrument.calibration_dates() if isinstance(instrument, CalibrationKeeping) else None
    if dates is None:
        return state
    problems = (f"says that its calibration was due {dates.due}",) if dates.overdue(today) else ()
    return state.model_copy(update={"own_calibration": str(dates), "problems": (*state.problems, *problems)})


def _read(meter: Multimeter) -> str:
    """Return what a multimeter reads while nothing is asked of the device."""
    found = meter.measure_dc_voltage(full_scale=_AT_REST, power_line_cycles=10.0, count=3)
    value, full_scale = (format_quantity(one, Unit.VOLT, digits=4) for one in (found.mean, found.full_scale))
    return f"reads {value} in its range of {full_scale}"


def _calibration(name: str, setup: Setup, today: date) -> str:
    """Return until when an instrument is calibrated, empty if it has no record; it need not be reached for that."""
    record = setup.definition.calibrations.get(name)
    if record is None:
        return ""
    calibration = Calibration(**record.certificate.model_dump())
    return f"{'EXPIRED' if calibration.expired(today) else 'due'} {calibration.due}"


def _fed(name: str, setup: Setup, bench: Bench) -> InstrumentState:
    """Return what is known of a device that had no power before the bench was open."""
    entry, identity = setup.definition.instruments[name], bench.identities[name]
    return InstrumentState(
        name=name,
        role=entry.role,
        driver=entry.driver,
        address=bench.addresses[name],
        identity=f"{identity.manufacturer} {identity.model}, serial {identity.serial}",
        firmware=identity.firmware,
        self_test=CANNOT,
    )


def _noise(bench: Bench, setup: Setup) -> tuple[NoiseState, ...]:
    """Listen to both signals with every relay open, each in its narrowest calibrated range."""
    definition = setup.definition
    if bench.oscilloscope is None or bench.digitizer is None or not (definition.voltage and definition.current):
        return ()
    ranges = Ranges.of(definition, compliance=setup.device.file.ratings.voltage)
    instruments = Instruments(
        oscilloscope=bench.oscilloscope,
        digitizer=bench.digitizer,
        clock=bench.clock,
        voltage_channel=definition.voltage.channel,
        current_channel=definition.current.channel,
    )
    view = quiet_view(ranges)
    seen = capture_quiet("bench-check", Purpose.ZERO, view, instruments)
    how = bench.oscilloscope.configure(view.scope)
    bench.oscilloscope.arm()  # without a trigger, it is done when this returns
    voltage = bench.oscilloscope.fetch(definition.voltage.channel)
    return (
        _noise_of(definition.voltage.instrument, voltage, bench.signal_path("voltage", how)),
        _noise_of(
            definition.current.instrument,
            seen.capture.waveforms["current"],
            bench.signal_path("current", seen.setups["current"]),
        ),
    )


def _noise_of(instrument: str, raw: Waveform, path: SignalPath) -> NoiseState:
    waveform = correct(raw, path)
    floor = noise_floor(waveform, path)
    problems = [one.sentence for one in inspect(waveform, triggered=True, expected=None) if one.forbids]
    if not floor.quiet:
        problems.append(f"noise {_shown(floor.rms, path.unit)} rms, stated {_shown(floor.rms_stated, path.unit)}")
    if not floor.centred:
        problems.append(f"offset {_shown(floor.offset, path.unit)}, stated ±{_shown(floor.offset_stated, path.unit)}")
    return NoiseState(
        signal=path.signal,
        instrument=instrument,
        unit=path.unit,
        rms=floor.rms,
        rms_stated=floor.rms_stated,
        offset=floor.offset,
        offset_stated=floor.offset_stated,
        problems=tuple(problems),
    )


def _shown(value: float, unit: Unit) -> str:
    return format_quantity(value, unit, digits=3)
