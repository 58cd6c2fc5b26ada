"""Opens a bench: every instrument reached, identified and calibrated, or nothing left open; safe on the way out."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from rig.bench.drivers.system_clock import SystemClock
from rig.bench.feeding import feed, wait_until_awake
from rig.bench.identity import check_identity
from rig.bench.opening import TWIN, Opening, open_instrument
from rig.bench.paths import signal_path
from rig.errors import BenchError, CommunicationError, Refused
from rig.model.identity import Calibration, Identity
from rig.model.load import OPEN
from rig.roles import HandOperated, LoadSwitch, Stimulator, Supply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from rig.bench.bench_file import InstrumentEntry
    from rig.bench.definition import BenchDefinition, DeviceDefinition
    from rig.model.load import Load
    from rig.model.setup import DigitizerSetup, ScopeSetup
    from rig.model.signal_path import SignalPath
    from rig.roles import Attendant, Clock, Digitizer, Instrument, Multimeter, Oscilloscope

__all__ = ["CLOCK", "Bench", "CalibrationState", "SafetyStep", "open_bench"]

CLOCK = "clock"
STOP, OPEN_RELAYS, SUPPLY_OFF = "stop the stimulator", "open all relays", "switch the supply off"


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyStep:
    """One step of making safe, whether it was done, and the time it took, s."""

    name: str
    done: bool
    detail: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationState:
    """A calibration as it stands on the day of the run."""

    calibration: Calibration
    expired: bool


@dataclass(slots=True, kw_only=True)
class Bench:
    """An open bench.

    Attributes
    ----------
    definition, device : what was opened
    clock, stimulator, load_switch, oscilloscope, digitizer, supply, multimeter : the roles; None where there is none
    fed : what the supply was measured to give when it was switched on, V and A; None without one
    addresses : as opened, by instrument
    identities : as reported, by instrument
    calibrations : by instrument; the load box under ``loads``, the sense resistor under ``sense_resistor``
    engineering_only : why results of this bench may not be used as evidence of conformity; empty if they may
    selected : the load that is connected
    unsettled : what of it is no longer as it was when it was opened, and so of no use for another case; may be empty
    """

    definition: BenchDefinition
    device: DeviceDefinition
    clock: Clock
    stimulator: Stimulator
    load_switch: LoadSwitch
    oscilloscope: Oscilloscope | None = None
    digitizer: Digitizer | None = None
    supply: Supply | None = None
    multimeter: Multimeter | None = None
    fed: tuple[float, float] | None = None
    addresses: Mapping[str, str] = field(default_factory=dict)
    identities: Mapping[str, Identity] = field(default_factory=dict)
    calibrations: Mapping[str, CalibrationState] = field(default_factory=dict)
    engineering_only: tuple[str, ...] = ()
    selected: Load | None = None
    unsettled: str = ""

    @property
    def loads(self) -> Mapping[str, Load]:
        """The loads that can be selected, by canonical name."""
        return self.definition.loads

    def select_load(self, name: str) -> Load:
        """Connect one load, or none with ``open``; the output must be off.

        Raises
        ------
        Refused
            if the box does not have it
        """
        load = self.loads.get(name)
        if load is None:
            msg = f"the load box {self.definition.box.loadbox!r} has no {name!r}; it has: {', '.join(self.loads)}"
            raise Refused(msg)
        self.selected = None
        self.load_switch.select(self.definition.relays[name])
        self.selected = load
        return load

    def signal_path(self, signal: str, setup: ScopeSetup | DigitizerSetup) -> SignalPath:
        """Return the way of ``voltage`` or ``current`` for an instrument as it was set, with the load selected now."""
        return signal_path(self.definition, signal, setup, self.selected)

    def make_safe(self, *, for_good: bool = False) -> tuple[SafetyStep, ...]:
        """Stop the stimulator, then open all relays; each step is tried whatever became of the others. Never raises.

        Where a person would have to stop it, the relays come first, and nobody is waited for. What feeds the device is
        switched off after that, if a step has failed or the bench is left for good.
        """
        if isinstance(self.stimulator, HandOperated) and self.stimulator.by_hand:
            opened = _step(OPEN_RELAYS, self.load_switch.open_all)
            stopped = _step(STOP, self.stimulator.give_up)
        else:
            stopped = _step(STOP, self.stimulator.stop)
            opened = _step(OPEN_RELAYS, self.load_switch.open_all)
        self.selected = self.loads[OPEN] if opened.done else None
        if self.supply is None or not (for_good or not stopped.done or not opened.done):
            return stopped, opened
        self.unsettled = "the device's supply was switched off to make it safe"
        return stopped, opened, _step(SUPPLY_OFF, self.supply.switch_off)


def _step(name: str, action: Callable[[], None]) -> SafetyStep:
    clock, problem = SystemClock(), ""
    begun = clock.now()
    try:
        action()
    except Exception as error:  # noqa: BLE001 - nothing at all may keep the next step from being tried
        problem = f"{type(error).__name__}: {error}"
    return SafetyStep(name=name, done=not problem, detail=problem, seconds=clock.now() - begun)


@contextmanager
def open_bench(
    definition: BenchDefinition,
    device: DeviceDefinition,
    *,
    addresses: Mapping[str, str],
    today: date,
    utc: Callable[[], datetime],
    attendant: Attendant | None = None,
) -> Iterator[Bench]:
    """Open a bench with a device under test; leaving makes safe, then closes, whatever happened.

    A bench's interlock is left alone: it belongs to the process that watches over this one.

    Parameters
    ----------
    addresses : replaces addresses of the bench file, by instrument; ``clock`` is the virtual clock's
    today : against which calibrations expire
    utc : the wall clock, for a virtual bench
    attendant : the person at the bench, for a stimulator that has to be set by hand

    Raises
    ------
    CommunicationError
        if an instrument cannot be reached
    IdentityMismatch
        if it is not the one that the bench or device file names
    BenchError
        if the bench could not be made safe, on the way in or out
    """
    with ExitStack() as stack:
        opener = _Opener(definition, device, addresses, stack, attendant)
        try:
            bench = opener.open(utc)
        except BaseException:
            opener.make_safe()
            raise
        bench.calibrations, bench.engineering_only = _calibrations(definition, today)
        try:
            _must_be_safe(bench)
            yield bench
        except BaseException as error:
            for step in _failed(bench.make_safe(for_good=True)):
                error.add_note(f"making safe: could not {step.name}: {step.detail}")
            raise
        _must_be_safe(bench, for_good=True)


def _must_be_safe(bench: Bench, *, for_good: bool = False) -> None:
    failed = [f"could not {step.name}: {step.detail}" for step in _failed(bench.make_safe(for_good=for_good))]
    if failed:
        msg = f"the bench {bench.definition.id!r} could not be made safe: {'; '.join(failed)}"
        raise BenchError(msg)


def _failed(steps: Sequence[SafetyStep]) -> Iterator[SafetyStep]:
    """Yield the steps that leave the bench unsafe: a device without power does not answer, and need not be stopped."""
    powerless = any(step.name == SUPPLY_OFF and step.done for step in steps)
    yield from (step for step in steps if not step.done and not (powerless and step.name == STOP))


class _Opener:
    """Opens instruments one by one; what was opened is closed by the stack."""

    def __init__(
        self,
        definition: BenchDefinition,
        device: DeviceDefinition,
        addresses: Mapping[str, str],
        stack: ExitStack,
        attendant: Attendant | None,
    ) -> None:
        self._attendant = attendant
        self._definition = definition
        self._device = device
        self._stack = stack
        self._addresses = {
            **{name: entry.address for name, entry in definition.instruments.items()},
            **({CLOCK: definition.file.clock.address} if definition.file.clock else {}),
            **addresses,
        }
        self._opened: dict[str, Instrument] = {}
        self._identities: dict[str, Identity] = {}
        self._fed: tuple[float, float] | None = None

    def open(self, utc: Callable[[], datetime]) -> Bench:
        """Open and identify everything."""
        definition = self._definition
        clock = self._clock(utc)
        # What can make safe must be there before anything else is touched, and who feeds the device before the device.
        ours = {name: entry for name, entry in definition.instruments.items() if entry.role in _ORDER}
        for name, entry in sorted(ours.items(), key=lambda item: _ORDER[item[1].role]):
            self._instrument(name, entry, clock)
            if entry.role == "supply":
                self._feed(name, clock)
        return Bench(
            definition=definition,
            device=self._device,
            clock=clock,
            stimulator=cast("Stimulator", self._by_role("stimulator")),
            load_switch=cast("LoadSwitch", self._by_role("load-switch")),
            oscilloscope=cast("Oscilloscope | None", self._by_role("oscilloscope")),
            digitizer=cast("Digitizer | None", self._by_role("digitizer")),
            supply=cast("Supply | None", self._by_role("supply")),
            multimeter=cast("Multimeter | None", self._by_role("multimeter")),
            fed=self._fed,
            addresses=self._addresses,
            identities=self._identities,
        )

    def make_safe(self) -> None:
        """Switch off what has been opened so far: a device may still be running from before."""
        opened = tuple(self._opened.values())
        steps: list[tuple[str, Callable[[], None]]] = []
        stimulators = [one for one in opened if isinstance(one, Stimulator)]
        by_hand = [one for one in stimulators if isinstance(one, HandOperated) and one.by_hand]
        steps += [(STOP, one.stop) for one in stimulators if one not in by_hand]
        steps += [(OPEN_RELAYS, one.open_all) for one in opened if isinstance(one, LoadSwitch)]
        steps += [(STOP, one.give_up) for one in by_hand]
        steps += [(SUPPLY_OFF, one.switch_off) for one in opened if isinstance(one, Supply)]
        for name, action in steps:
            _step(name, action)

    def _by_role(self, role: str) -> Instrument | None:
        return self._opened.get(self._definition.named(role) or "")

    def _address(self, name: str) -> str:
        address = self._addresses[name]
        if address == TWIN:
            raise CommunicationError(name, "", "the virtual bench has given no address for it; is it running?")
        return address

    def _clock(self, utc: Callable[[], datetime]) -> Clock:
        if self._definition.file.clock is None:
            return SystemClock()
        from rig.bench.drivers.virtual_clock import VirtualClock  # noqa: PLC0415 - loads pyvisa

        clock = VirtualClock(CLOCK, self._address(CLOCK), utc=utc)
        self._stack.callback(clock.close)
        self._identities[CLOCK] = clock.identify()
        return clock

    def _feed(self, name: str, clock: Clock) -> None:
        """Give the device its power, with nothing connected to its output: it may do anything as it wakes up."""
        supply, entry = self._opened[name], self._device.file.supply
        load_switch = self._by_role("load-switch")
        if isinstance(load_switch, LoadSwitch) and isinstance(supply, Supply) and entry is not None:
            load_switch.open_all()
            self._fed = feed(supply, entry, clock)

    def _opening(self, name: str, entry: InstrumentEntry, clock: Clock) -> Opening:
        return Opening(
            name=name,
            entry=entry,
            address=self._addresses[name],
            clock=clock,
            relays=tuple(channel for relays in self._definition.relays.values() for channel in relays),
            device=self._device.file,
            device_path=self._device.path,
            dialogue=self._device.dialogue,
            attendant=self._attendant,
        )

    def _instrument(self, name: str, entry: InstrumentEntry, clock: Clock) -> None:
        opening = self._opening(name, entry, clock)
        if entry.role == "stimulator" and self._fed is not None:
            wait_until_awake(lambda: open_instrument(opening), clock)
        instrument = open_instrument(opening)
        self._stack.callback(instrument.close)
        self._opened[name] = instrument
        reported = instrument.identify()
        expected = self._device.file.identity if entry.role == "stimulator" else entry.identity
        if expected is not None:
            check_identity(name, expected, reported)
        self._identities[name] = reported


# Roles that are not named here are not opened.
_ORDER = {"load-switch": 0, "supply": 1, "stimulator": 2, "oscilloscope": 3, "digitizer": 4, "multimeter": 5}


def _calibrations(definition: BenchDefinition, today: date) -> tuple[dict[str, CalibrationState], tuple[str, ...]]:
    certificates = {name: record.certificate for name, record in definition.calibrations.items()}
    certificates["loads"] = definition.box.certificate
    if definition.sense_resistor is not None:
        certificates["sense_resistor"] = definition.sense_resistor.certificate
    states = {}
    for name, certificate in certificates.items():
        calibration = Calibration(**certificate.model_dump())
        states[name] = CalibrationState(calibration=calibration, expired=calibration.expired(today))
    expired = tuple(
        f"the calibration of {name} expired on {state.calibration.due}"
        for name, state in states.items()
        if state.expired
    )
    # A laboratory may be a day ahead of UTC; a clock that was put back makes an expired calibration look valid.
    ahead = tuple(
        f"the calibration of {name} was made on {state.calibration.performed}, after the day of the run"
        for name, state in states.items()
        if state.calibration.performed > today + timedelta(days=1)
    )
    return states, (*expired, *ahead)
