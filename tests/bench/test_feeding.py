"""A device that a supply feeds: agreed on by both files, alive before it is spoken to, switched off at the end."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from rig.bench.build import Bench, SafetyStep
from rig.bench.definition import BenchDefinition, DeviceDefinition
from rig.bench.device_file import FeedEntry
from rig.bench.feeding import agree_on_supply
from rig.bench.interlocks import open_supply
from rig.bench.reading import load_bench, load_device
from rig.errors import BenchError, CommunicationError, DocumentInvalid, IdentityMismatch, InstrumentError, Refused
from tests.bench.fake_supply import ENTRY, FakeSupply, Respond
from tests.bench.scripted_peer import LineServer, Peer
from tests.bench.test_build import FIXTURES, FakeStimulator, Table, _Clock, _switch, _without

FEED = FeedEntry.model_validate({"voltage": "24 V", "minimum": "20 V", "current": "1 A"})


class SlowToWake(FakeStimulator):
    """Says nothing for a while after it was given power, and nothing at all without."""

    def __init__(self, deaf: int) -> None:
        super().__init__()
        self.deaf, self.powered, self.asked = deaf, False, 0

    def power(self, on: bool) -> None:
        self.powered, self.asked = on, 0

    def __call__(self, waiting: bytes) -> tuple[int, Sequence[bytes | None]] | None:
        used, answers = super().__call__(waiting) or (len(waiting), ())
        self.asked += 1
        return used, answers if self.powered and self.asked > self.deaf else []


@dataclass
class Fed:
    """A bench of scripted instruments whose device is fed."""

    table: Table
    supply: FakeSupply
    stimulator: SlowToWake
    definition: BenchDefinition
    device: DeviceDefinition

    def open(self) -> AbstractContextManager[Bench]:
        return self.table.open(self.definition, self.device)


@pytest.fixture
def fed() -> Iterator[Fed]:
    supply, stimulator = FakeSupply(), SlowToWake(deaf=0)
    supply.switched = stimulator.power
    scope = LineServer({"*IDN?": "KEYSIGHT TECHNOLOGIES,DSO-X 3034A,MY00000001,02.50.2019022736"})
    clock = _Clock({"*IDN?": "RIG,VIRTUAL CLOCK,1,1", "SYSTem:TIME?": lambda: _elapsed(clock)})
    table = Table(scope=scope, switch=_switch(), clock=clock, stimulator=stimulator)
    with ExitStack() as stack:
        peers: dict[str, Respond] = {"scope": scope, "switch": table.switch, "clock": clock, "supply": supply}
        table.addresses = {name: stack.enter_context(Peer(one)).visa for name, one in peers.items()}
        table.addresses["stimulator"] = stack.enter_context(Peer(stimulator)).url
        yield Fed(table, supply, stimulator, fed_bench(), fed_device())


def _elapsed(clock: LineServer) -> bytes:
    """How much time has been let pass."""
    asked = [line for line in clock.lines if line.startswith("SYSTem:TIME:ADVance ")]
    return f"{sum(float(line.split()[1].split(';')[0]) for line in asked)}\n".encode()


def fed_bench() -> BenchDefinition:
    bench = _without(load_bench(FIXTURES / "benches" / "virtual.bench.yaml"), "daq")
    instruments = {"supply": ENTRY, **bench.instruments}
    return replace(bench, file=bench.file.model_copy(update={"instruments": instruments}))


def fed_device() -> DeviceDefinition:
    device = load_device(FIXTURES / "duts" / "p24-healthy.dut.yaml")
    return replace(device, file=device.file.model_copy(update={"supply": FEED}))


def test_the_device_is_fed_before_it_is_spoken_to_and_switched_off_last(fed: Fed) -> None:
    with fed.open() as bench:
        assert bench.supply is not None
        assert bench.fed == (24.0, 0.1)
        assert bench.identities["supply"].model == "E36312A"
        assert fed.supply.on
        assert fed.supply.values == {"VOLT": 24.0, "CURR": 1.0, "VOLT:PROT": 26.4}
        assert 52 in fed.table.stimulator.commands, "it was asked who it is"
    assert fed.supply.lines[-3].startswith("OUTP OFF")
    assert fed.supply.lines[-1] == "OUTP? (@2)"
    assert fed.table.stimulator.commands[-1] == 34, "it was stopped while it still could be"


def test_the_relays_are_open_when_the_device_wakes_up(fed: Fed) -> None:
    seen: list[bool] = []
    power = fed.stimulator.power

    def note(on: bool) -> None:
        seen.append(on and any(line.startswith("ROUTe:OPEN") for line in fed.table.switch.lines))
        power(on)

    fed.supply.switched = note
    with fed.open():
        assert seen == [False, True]  # off, whatever was before; then on


def test_a_device_is_waited_for_while_it_boots(fed: Fed) -> None:
    fed.stimulator.deaf = 2
    with fed.open() as bench:
        assert bench.identities["stimulator"].serial == "P24-000123"
    assert sum(line.startswith("SYSTem:TIME:ADVance 1.0") for line in fed.table.clock.lines) >= 2


def test_a_device_that_does_not_wake_up_is_not_waited_for_for_ever_and_left_without_power(fed: Fed) -> None:
    fed.stimulator.deaf = 10**6
    with pytest.raises(CommunicationError, match=r"^stimulator: .*no acknowledgement"), fed.open():
        pytest.fail("opened")
    assert not fed.supply.on


def test_a_voltage_that_does_not_come_ends_the_opening(fed: Fed) -> None:
    fed.supply.gives = 0.9
    with (
        pytest.raises(BenchError, match=r"^supply: it gives 21\.6 V and 0\.1 A instead of 24 V, 2 s after"),
        fed.open(),
    ):
        pytest.fail("opened")
    assert not fed.supply.on
    assert fed.table.stimulator.commands == []


def test_another_supply_than_named_is_not_switched_on(fed: Fed) -> None:
    identity = ENTRY.identity
    assert identity is not None
    other = ENTRY.model_copy(update={"identity": identity.model_copy(update={"serial": "MY59001235"})})
    instruments = {**fed.definition.instruments, "supply": other}
    fed.definition = replace(fed.definition, file=fed.definition.file.model_copy(update={"instruments": instruments}))
    with pytest.raises(IdentityMismatch, match=r"^supply: .*serial 'MY59001234' instead of 'MY59001235'"), fed.open():
        pytest.fail("opened")
    assert "OUTP ON,(@2)" not in fed.supply.lines


def test_a_bench_that_was_made_safe_after_an_error_keeps_its_device_alive(fed: Fed) -> None:
    with fed.open() as bench:
        assert [step.name for step in bench.make_safe()] == ["stop the stimulator", "open all relays"]
        assert fed.supply.on
        assert [step.name for step in bench.make_safe(for_good=True)][-1] == "switch the supply off"
        assert not fed.supply.on


def test_a_device_that_cannot_be_stopped_loses_its_power_and_the_bench_is_safe(fed: Fed) -> None:
    with fed.open() as bench:
        fed.table.stimulator.silent = {34}
        steps = bench.make_safe()
        assert [(step.name, step.done) for step in steps] == [
            ("stop the stimulator", False),
            ("open all relays", True),
            ("switch the supply off", True),
        ]
        assert not fed.supply.on


def test_relays_that_do_not_open_are_told_although_the_power_is_off(fed: Fed) -> None:
    with pytest.raises(BenchError, match="could not open all relays") as caught:  # noqa: PT012, SIM117 - leaving raises
        with fed.open():
            (query,) = (line for line in fed.table.switch.replies if line.startswith("ROUTe:CLOSe? "))
            fed.table.switch.replies[query] = ",".join("0" if n else "1" for n in range(query.count(",") + 1))
    assert "switch the supply off" not in str(caught.value)
    assert not fed.supply.on


def test_a_supply_that_stays_on_is_told_with_everything_else_that_went_wrong(fed: Fed) -> None:
    with pytest.raises(BenchError, match=r"could not switch the supply off: .*reported on"):  # noqa: PT012, SIM117 - as above
        with fed.open() as bench:
            fed.supply.stuck = True
            last: SafetyStep = bench.make_safe(for_good=True)[-1]
            assert not last.done


def test_an_exception_inside_switches_the_supply_off_and_comes_through(fed: Fed) -> None:
    with pytest.raises(KeyboardInterrupt), fed.open():
        raise KeyboardInterrupt
    assert not fed.supply.on


def test_a_session_of_its_own_switches_off_what_another_has_switched_on(fed: Fed) -> None:
    with fed.open(), Peer(fed.supply) as second:
        assert fed.supply.on
        ours = open_supply("supply", ENTRY, second.visa)
        ours.switch_off()
        ours.close()
        assert not fed.supply.on


def test_what_is_no_supply_is_not_opened_as_one() -> None:
    entry = ENTRY.model_copy(update={"driver": "scpi-switch"})
    with pytest.raises(Refused, match="a scpi-switch is no supply"):
        open_supply("supply", entry, "TCPIP::127.0.0.1::1::SOCKET")
    with pytest.raises(CommunicationError, match="is it running"):
        open_supply("supply", ENTRY, "twin")
    with pytest.raises(InstrumentError, match="cannot be reached"):
        open_supply("supply", ENTRY, "TCPIP::127.0.0.1::1::SOCKET")


SUPPLY = """\
  supply:
    role: supply
    driver: rigol-dp800
    address: twin
    output: 1
    identity: {manufacturer: RIGOL TECHNOLOGIES, model: DP832, serial: DP8C1}
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A copy of the fixtures that a test may change."""
    shutil.copytree(FIXTURES, tmp_path / "fixtures")
    return tmp_path / "fixtures"


def edited(path: Path, old: str, new: str) -> Path:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_a_supply_for_a_device_that_runs_on_batteries_is_refused_at_its_place(files: Path) -> None:
    path = edited(files / "benches" / "virtual.bench.yaml", "\nsignals:", f"{SUPPLY}\nsignals:")
    device = load_device(files / "duts" / "p24-healthy.dut.yaml")
    with pytest.raises(DocumentInvalid) as caught:
        agree_on_supply(load_bench(path), device)
    (problem,) = caught.value.problems
    line = path.read_text(encoding="utf-8").splitlines().index("    role: supply") + 1
    assert (problem.file, problem.line, problem.column) == (str(path), line, 11)
    assert "the device p24-healthy has no 'supply': it runs on its own batteries" in problem.message


def test_a_device_that_is_fed_on_a_bench_that_feeds_nothing_is_refused_at_its_place(files: Path) -> None:
    feed = "supply: {voltage: 24 V, minimum: 20 V, current: 2 A}\n"
    path = edited(files / "duts" / "p24-healthy.dut.yaml", "electrodes:", f"{feed}electrodes:")
    with pytest.raises(DocumentInvalid) as caught:
        agree_on_supply(load_bench(files / "benches" / "virtual.bench.yaml"), load_device(path))
    (problem,) = caught.value.problems
    line = path.read_text(encoding="utf-8").splitlines().index(feed.strip()) + 1
    assert (problem.file, problem.line, problem.column) == (str(path), line, 1)
    assert "no instrument of the bench virtual has the role supply" in problem.message


def test_files_that_agree_are_accepted(files: Path) -> None:
    bench = edited(files / "benches" / "virtual.bench.yaml", "\nsignals:", f"{SUPPLY}\nsignals:")
    device = fed_device()
    agree_on_supply(load_bench(bench), device)
    agree_on_supply(load_bench(files / "benches" / "virtual-guarded.bench.yaml"), load_device(device.path))
    found = load_bench(bench).supply
    assert found is not None
    assert (found[0], found[1].output) == ("supply", 1)


@pytest.mark.parametrize(
    ("feed", "key", "message"),
    [
        (
            "{kind: ac, voltage: 24 V, frequency: 50 Hz, minimum: 20 V, current: 1 A}",
            "supply",
            "the rigol-dp800 'supply' of the bench virtual gives direct current; the device is fed with ac",
        ),
        ("{voltage: 36 V, minimum: 20 V, current: 2 A}", "36 V", "'supply' of the bench virtual gives 30 V and 3 A at"),
        ("{voltage: 24 V, minimum: 20 V, current: 4 A}", "4 A", "'supply' of the bench virtual gives 30 V and 3 A at"),
    ],
)
def test_what_the_bench_s_supply_cannot_give_is_refused_at_its_place(
    files: Path, feed: str, key: str, message: str
) -> None:
    bench = edited(files / "benches" / "virtual.bench.yaml", "\nsignals:", f"{SUPPLY}\nsignals:")
    path = edited(files / "duts" / "p24-healthy.dut.yaml", "electrodes:", f"supply: {feed}\nelectrodes:")
    with pytest.raises(DocumentInvalid) as caught:
        agree_on_supply(load_bench(bench), load_device(path))
    (problem,) = caught.value.problems
    lines = path.read_text(encoding="utf-8").splitlines()
    line = lines.index(f"supply: {feed}")
    assert (problem.file, problem.line, problem.column) == (str(path), line + 1, lines[line].index(key) + 1)
    assert message in problem.message


@pytest.mark.parametrize(
    ("feed", "message"),
    [
        ("{voltage: 24 V, minimum: 25 V, current: 2 A}", "the device needs 25 V at least, and is fed with 24 V"),
        ("{voltage: 24, minimum: 20 V, current: 2 A}", "has no unit"),
        ("{voltage: 24 V, current: 2 A}", "'minimum'"),
        ("{voltage: 24 V, minimum: 20 V, current: 0 A}", "must be positive"),
        ("{kind: ac, voltage: 230 V, minimum: 207 V, current: 1 A}", "'kind: ac' needs a 'frequency'"),
        ("{voltage: 24 V, frequency: 50 Hz, minimum: 20 V, current: 2 A}", "direct current has no frequency"),
    ],
)
def test_mistakes_of_what_feeds_a_device(files: Path, feed: str, message: str) -> None:
    path = edited(files / "duts" / "p24-healthy.dut.yaml", "electrodes:", f"supply: {feed}\nelectrodes:")
    with pytest.raises(DocumentInvalid) as caught:
        load_device(path)
    assert message in str(caught.value)
