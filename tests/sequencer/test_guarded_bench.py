"""The virtual bench with an interlock: the rig opens all but it, and current flows only while it is held closed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rig.bench.bench_file import InstrumentEntry
from rig.bench.definition import BenchDefinition
from rig.bench.drivers.system_clock import SystemClock
from rig.bench.interlocks import open_interlock
from rig.bench.reading import load_bench
from rig.errors import CommunicationError
from rig.roles import Interlock
from rig.sequencer.bench_check import examine_bench
from rig.sequencer.setup import RunOptions
from tests.sequencer.open_table import STIMULUS, OpenTable, open_table

FIXTURES = Path(__file__).parents[2] / "fixtures"
PATIENCE = 60.0
HOLD_TIME = 600.0  # as a slow machine is no reason to open
GUARDED = FIXTURES / "benches" / "virtual-guarded.bench.yaml"


@dataclass(kw_only=True)
class Table(OpenTable):
    """A table with a session to its interlock too."""

    interlock: Interlock


def guarded(*faults: str, entry: InstrumentEntry | None, hold_time: float) -> BenchDefinition:
    """The bench with faults of its interlock, the first operation being the identification, or with another one."""
    definition = load_bench(GUARDED)
    told = entry or definition.instruments["interlock"].model_copy(update={"hold_time": hold_time})
    instruments = {**definition.instruments, "interlock": told}
    fields = {key: getattr(definition, key) for key in BenchDefinition.__dataclass_fields__}
    fault = [{"instrument": "interlock", "kind": kind, "after": 1 if kind == "mute" else 0} for kind in faults]
    twin = type(definition.file.twin).model_validate({"seed": 7, "faults": fault}) if definition.file.twin else None
    return BenchDefinition(**{
        **fields,
        "file": definition.file.model_copy(update={"twin": twin, "instruments": instruments}),
    })


@contextmanager
def table(
    *faults: str, entry: InstrumentEntry | None = None, hold_time: float = HOLD_TIME, answer: float = PATIENCE
) -> Iterator[Table]:
    definition = guarded(*faults, entry=entry, hold_time=hold_time)
    told = definition.interlock
    assert told is not None
    with (
        open_table(definition) as on,
        closing(open_interlock(*told, on.addresses[told[0]], clock=SystemClock(), answer=answer)) as interlock,
    ):
        yield Table(twin=on.twin, bench=on.bench, addresses=on.addresses, interlock=interlock)


def test_the_bench_opens_without_its_interlock() -> None:
    with table() as on:
        assert set(on.bench.identities) == {"clock", "scope", "daq", "switch", "stimulator"}
        assert on.interlock.hold_time == HOLD_TIME
        identity = on.interlock.identify()
        assert (identity.manufacturer, identity.model, identity.firmware) == ("Velleman", "K8090", "10.1")
        assert not on.interlock.enabled()
        assert not on.twin.world.contact_closed


@pytest.mark.supports("deadman-relay", "twin")
def test_current_flows_only_while_the_contact_is_closed() -> None:
    with table() as on:
        on.bench.select_load("500 ohm")
        on.bench.stimulator.prepare(STIMULUS)
        on.bench.stimulator.start()
        assert on.peak(0.2) == 0.0
        on.interlock.enable()
        assert on.interlock.enabled()
        assert on.peak(0.2) == pytest.approx(0.02, rel=0.01)
        on.interlock.disable()
        assert not on.interlock.enabled()
        assert on.peak(0.2) == 0.0
        assert on.twin.world.stimulating  # it is the contact that keeps the current from flowing, not the device
        on.interlock.enable()
        assert on.peak(0.1) == pytest.approx(0.02, rel=0.01)


KINDS: dict[str, dict[str, Any]] = {
    "velleman-k8090": {"channel": 8, "identity": {"manufacturer": "Velleman", "model": "K8090", "firmware": "10.1"}},
    "devantech-usb-rly16": {"channel": 8, "identity": {"manufacturer": "Devantech", "model": "USB-RLY16"}},
    "scpi-switch": {"channel": 120, "identity": {"manufacturer": "HEWLETT-PACKARD", "model": "34970A"}},
    "ni-digital-line": {
        "device": "Dev2",
        "line": "port0/line7",
        "hold_time": "600 s",
        "identity": {"manufacturer": "National Instruments", "model": "PCIe-6509"},
    },
}


@pytest.mark.parametrize("driver", [pytest.param(name, marks=pytest.mark.supports(name, "twin")) for name in KINDS])
def test_every_interlock_works_its_virtual_counterpart(driver: str) -> None:
    told = {"role": "interlock", "driver": driver, "address": "twin", **KINDS[driver]}
    told["identity"]["serial"] = "01E2D3C4" if driver == "ni-digital-line" else "0"
    with table(entry=InstrumentEntry.model_validate(told)) as on:
        on.bench.select_load("1 kohm")
        on.bench.stimulator.prepare(STIMULUS)
        on.bench.stimulator.start()
        on.interlock.disable()
        assert on.peak(0.1) == 0.0
        for _ in range(2):
            on.interlock.enable()
            on.interlock.enable()
            assert on.interlock.enabled()
            assert on.peak(0.1) == pytest.approx(0.02, rel=0.01)
            on.interlock.disable()
            on.interlock.disable()
            assert not on.interlock.enabled()
            assert on.peak(0.1) == 0.0
        on.interlock.enable()
        on.interlock.close()
        assert on.peak(0.1) == 0.0


def test_nobody_refreshes_and_the_current_ends() -> None:
    with table(hold_time=1.0) as on:
        on.bench.select_load("500 ohm")
        on.bench.stimulator.prepare(STIMULUS)
        on.bench.stimulator.start()
        begin = time.monotonic()
        on.interlock.enable()
        while on.interlock.enabled() and time.monotonic() - begin < PATIENCE:
            threading.Event().wait(0.02)
        assert 1.0 <= time.monotonic() - begin < PATIENCE
        assert on.peak(0.1) == 0.0


def test_an_interlock_that_was_left_closed_is_opened_with_its_session() -> None:
    with table() as on:
        on.interlock.enable()
        on.interlock.close()
        assert not on.twin.world.contact_closed


def test_a_stuck_contact_is_not_seen_in_what_is_reported_but_in_what_flows() -> None:
    with table("stuck_closed") as on:
        on.bench.select_load("500 ohm")
        on.bench.stimulator.prepare(STIMULUS)
        on.bench.stimulator.start()
        on.interlock.enable()
        on.interlock.disable()
        assert not on.interlock.enabled()
        assert on.peak(0.1) == pytest.approx(0.02, rel=0.01)


def test_a_mute_interlock_is_an_error_whatever_is_asked_of_it() -> None:
    with table("mute", answer=2.0) as on:
        for act in (on.interlock.enable, on.interlock.disable, on.interlock.enabled):
            with pytest.raises(CommunicationError, match="no reply in time"):
                act()
        assert not on.twin.world.contact_closed


def test_the_voltage_at_a_load_behind_an_open_contact_is_nothing() -> None:
    with table() as on:
        on.bench.select_load("500 ohm")
        on.bench.stimulator.prepare(STIMULUS)
        on.bench.stimulator.start()
        begin = on.twin.world.now
        on.bench.clock.sleep(0.1)
        voltage = on.twin.world.signal("voltage", begin, on.twin.world.now)
        assert not np.any(voltage.sample(np.linspace(begin, on.twin.world.now, 1001)))


def test_bench_check_shows_the_interlock(tmp_path: Path) -> None:
    bench = tmp_path / "patient.bench.yaml"
    text = GUARDED.read_text(encoding="utf-8").replace("../", f"{FIXTURES.as_posix()}/")
    bench.write_text(f"{text}\nguard: {{answer: 60 s}}\n", encoding="utf-8")
    options = RunOptions.of(root=FIXTURES.parent, directory=tmp_path, bench=bench)
    (shown,) = [one for one in examine_bench(options).instruments if one.name == "interlock"]
    assert (shown.identity, shown.firmware) == ("Velleman K8090, serial 0", "10.1")
    assert shown.reported == "open, opens by itself after 1 s"
    assert not shown.problems
