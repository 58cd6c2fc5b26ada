"""How a bench stands, and what a person may do about it: take it, give it back, stop it, and reset it after a trip."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from rig.acquisition.capture import Instruments, capture_quiet
from rig.bench.build import open_bench
from rig.bench.drivers.system_clock import SystemClock
from rig.bench.opening import TWIN
from rig.errors import BenchError, OutputNotOff, Refused
from rig.guard.client import ask_status, ask_stop
from rig.guard.latch import Latch
from rig.guard.lease import Lease
from rig.guard.standing import State, standing
from rig.model.verdict import Verdict
from rig.model.waveform import Purpose
from rig.sequencer.examine import Corrected, residual_current
from rig.sequencer.guarding import state_folder
from rig.sequencer.ranges import Ranges
from rig.sequencer.settings import quiet_view
from rig.sequencer.setup import RunOptions, Setup, read_setup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rig.guard.standing import Holder
    from rig.roles import Attendant

__all__ = ["release_bench", "reset_bench", "say_standing", "stop_bench", "take_bench"]

_A_DAY = 86400.0
_PAUSE = 0.2


def say_standing(options: RunOptions) -> Iterator[str]:
    """Yield how a bench stands: free or whose, energised or not, latched or not."""
    setup = _shared(options)
    found = standing(state_folder(), setup.definition.id, utc=SystemClock().utc)
    whose = f" by {found.holder}" if found.holder is not None else ""
    yield f"{setup.definition.id}: {found.state}{whose}"
    if found.state is State.TAKEN and found.holder is not None and found.holder.guard:
        status = ask_status(_address(found.holder))
        yield "energised" if status["energised"] else "not energised"
    if found.latched:
        yield f"LATCHED: {found.latched}; 'rig bench reset --reason ...' after the cause was removed"


def stop_bench(options: RunOptions, reason: str) -> str:
    """Have a bench's guard make it safe and latch it; return how that went.

    Raises
    ------
    BenchError
        if no guard is there to do it, or if the contact did not open
    """
    setup = _shared(options)
    found = standing(state_folder(), setup.definition.id, utc=SystemClock().utc)
    if found.state is not State.TAKEN or found.holder is None or not found.holder.guard:
        raise BenchError(f"{setup.definition.id} is {found.state}: no run holds it, and no guard that could stop one")
    trip = ask_stop(_address(found.holder), reason)
    if not trip["safe"]:
        raise BenchError(f"{setup.definition.id}: THE INTERLOCK DID NOT OPEN; cut the power: {trip['reason']}")
    return f"{setup.definition.id}: made safe in {1e3 * trip['seconds']:.0f} ms, and latched"


def reset_bench(options: RunOptions, reason: str) -> Iterator[str]:
    """Check that a bench is safe, then release its latch and what a killed run left of its lease.

    Raises
    ------
    Refused
        without a reason, or while somebody has the bench
    OutputNotOff
        if current was measured, or could not be measured to be none; the bench stays latched
    """
    setup, clock = _shared(options), SystemClock()
    bench, owner = setup.definition.id, _owner(options)
    if not reason.strip():
        raise Refused("a reset needs a reason")
    yield _checked(setup, clock, options.attendant)
    was = Latch(state_folder(), bench, utc=clock.utc).reset(reason, owner=owner)
    yield f"{bench}: was latched: {was}" if was else f"{bench}: was not latched"
    _take(setup, options, reason, clock, steal=False).release()
    yield f"{bench}: free"


def take_bench(options: RunOptions, reason: str, *, steal: bool, say: Callable[[str], object]) -> None:
    """Keep a bench for a person, until Ctrl-C or until somebody takes it; nothing is energised by that."""
    setup, clock = _shared(options), SystemClock()
    lease = _take(setup, options, reason, clock, steal=steal)
    say(f"{setup.definition.id}: taken; Ctrl-C gives it back")
    try:
        while not (why := lease.lost()):
            clock.sleep(_PAUSE)
        say(f"{setup.definition.id}: given up: {why}")
    except KeyboardInterrupt:
        say(f"{setup.definition.id}: given back")
    finally:
        lease.release()


def release_bench(options: RunOptions) -> str:
    """Have whoever has a bench under the same name give it back, or recover one that was left behind.

    Raises
    ------
    Refused
        if somebody else has it
    """
    setup, clock = _shared(options), SystemClock()
    bench, owner = setup.definition.id, _owner(options)
    found = standing(state_folder(), bench, utc=clock.utc)
    if found.state is State.FREE:
        return f"{bench}: is free"
    if found.state is State.TAKEN and (found.holder is None or found.holder.owner != owner):
        raise Refused(f"{bench} is in use by {found.holder}; only 'rig bench steal --reason ...' takes it from others")
    _take(setup, options, "given back", clock, steal=found.state is State.TAKEN).release()
    return f"{bench}: free"


def _take(setup: Setup, options: RunOptions, reason: str, clock: SystemClock, *, steal: bool) -> Lease:
    return Lease.take(
        state_folder(),
        setup.definition.id,
        owner=_owner(options),
        reason=reason,
        seconds=_A_DAY,
        utc=clock.utc,
        self_check=lambda: _checked(setup, clock, options.attendant),
        steal=steal,
    )


def _owner(options: RunOptions) -> str:
    return options.operator or getpass.getuser()


def _checked(setup: Setup, clock: SystemClock, attendant: Attendant | None) -> str:
    """Open every instrument, make safe, and measure that nothing flows; return what was measured."""
    definition = setup.definition
    ranges = Ranges.of(definition, compliance=setup.device.file.ratings.voltage)
    opening = open_bench(
        definition, setup.device, addresses={}, today=clock.utc().date(), utc=clock.utc, attendant=attendant
    )
    with opening as bench:
        if bench.oscilloscope is None or bench.digitizer is None or not (definition.voltage and definition.current):
            raise BenchError(f"{definition.id}: measuring that nothing flows takes a digitizer")
        instruments = Instruments(
            oscilloscope=bench.oscilloscope,
            digitizer=bench.digitizer,
            clock=bench.clock,
            voltage_channel=definition.voltage.channel,
            current_channel=definition.current.channel,
        )
        seen = capture_quiet("self-check", Purpose.IDLE, quiet_view(ranges), instruments)
        paths = {name: bench.signal_path(name, how) for name, how in seen.setups.items()}
        found = residual_current(Corrected.of(seen.capture, paths), None)
    if found.verdict is not Verdict.PASS:
        raise OutputNotOff(f"{definition.id}: {found.reason}")
    return f"{definition.id}: {found.reason}"


def _shared(options: RunOptions) -> Setup:
    """Read the files of a bench that others may have as well."""
    setup = read_setup(options)
    interlock = setup.definition.interlock
    if interlock is None:
        raise Refused(f"{setup.definition.id} has no interlock: no guard watches over it, and it is nobody's")
    if interlock[1].address == TWIN:
        raise Refused(f"{setup.definition.id} exists for one run at a time, and is nobody else's")
    return setup


def _address(holder: Holder) -> tuple[str, int]:
    host, _, port = holder.guard.rpartition(":")
    return host, int(port)
