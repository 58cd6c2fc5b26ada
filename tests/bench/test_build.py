"""Opening a bench of scripted instruments: identities, failures, and that it is always left safe."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from rig.bench.build import Bench, open_bench
from rig.bench.definition import BenchDefinition, DeviceDefinition
from rig.bench.reading import load_bench, load_device
from rig.bench.stimulators.framing import FrameReader, Packet, encode
from rig.errors import BenchError, CommunicationError, IdentityMismatch, Refused
from tests.bench.scripted_peer import LineServer, Peer

FIXTURES = Path(__file__).parents[2] / "fixtures"
TODAY = date(2026, 11, 22)


class FakeStimulator:
    """Acknowledges everything; ``silent`` names commands that it does not answer."""

    def __init__(self, serial: bytes = b"P24-000123") -> None:
        self.replies = {52: b"\0" + serial, 68: b"\0\1\2\3\4\0\1\0\0\0\0\1\1"}
        self.silent: set[int] = set()
        self.commands: list[int] = []

    def __call__(self, waiting: bytes) -> tuple[int, Sequence[bytes | None]] | None:
        answers: list[bytes | None] = []
        for packet in FrameReader().feed(waiting):
            self.commands.append(packet.command)
            data = self.replies.get(packet.command, b"\0")
            if packet.command not in self.silent:
                answers.append(encode(Packet(number=packet.number, command=packet.command + 1, data=data)))
        return len(waiting), answers


@dataclass
class Table:
    """What stands behind the sockets of one test."""

    scope: LineServer
    switch: LineServer
    clock: LineServer
    stimulator: FakeStimulator
    addresses: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def open(self, definition: BenchDefinition, device: DeviceDefinition) -> Iterator[Bench]:
        with open_bench(
            definition,
            device,
            addresses=self.addresses,
            today=TODAY,
            utc=lambda: datetime(2026, 11, 22, 12, tzinfo=UTC),
        ) as bench:
            yield bench


def _switch() -> LineServer:
    closed: set[str] = set()
    server = LineServer({})
    listed = ["101", "102", "103", "104", "105"]
    server.replies = {
        "*IDN?": "HEWLETT-PACKARD,34970A,0,13-2-2",
        "SYSTem:CTYPe? 100": "HEWLETT-PACKARD,34903A,0,1.0",
        ":SYSTem:ERRor?": '+0,"No error"',
        "ROUTe:CLOSe? (@101,102,103,104,105)": lambda: _states(server.lines, listed, closed),
    }
    return server


def _states(lines: Sequence[str], listed: Sequence[str], closed: set[str]) -> bytes:
    """Follow the commands that were given so far."""
    closed.clear()
    for line in lines:
        channels = line[line.find("@") + 1 : -1].split(",")
        if line.startswith("ROUTe:OPEN "):
            closed.difference_update(channels)
        elif line.startswith("ROUTe:CLOSe "):
            closed.update(channels)
    return (",".join(str(int(channel in closed)) for channel in listed) + "\n").encode()


@pytest.fixture
def table() -> Iterator[Table]:
    scope = LineServer({"*IDN?": "KEYSIGHT TECHNOLOGIES,DSO-X 3034A,MY00000001,02.50.2019022736"})
    clock = _Clock({"*IDN?": "RIG,VIRTUAL CLOCK,1,1"})
    made = Table(scope=scope, switch=_switch(), clock=clock, stimulator=FakeStimulator())
    with ExitStack() as stack:
        peers = {name: stack.enter_context(Peer(getattr(made, name))) for name in ("scope", "switch", "clock")}
        made.addresses = {name: peer.visa for name, peer in peers.items()}
        made.addresses["stimulator"] = stack.enter_context(Peer(made.stimulator)).url
        yield made


class _Clock(LineServer):
    """Answers any advance."""

    def __call__(self, waiting: bytes) -> tuple[int, Sequence[bytes | None]] | None:
        line = waiting.partition(b"\n")[0].decode()
        if line.startswith("SYSTem:TIME:ADVance "):
            self.replies[line] = "1"
        return super().__call__(waiting)


@pytest.fixture
def definition() -> BenchDefinition:
    """The virtual bench without its DAQ card, which has a test of its own."""
    return _without(load_bench(FIXTURES / "benches" / "virtual.bench.yaml"), "daq")


def _without(bench: BenchDefinition, name: str) -> BenchDefinition:
    instruments = {key: entry for key, entry in bench.instruments.items() if key != name}
    file = bench.file.model_copy(update={"instruments": instruments})
    fields = {key: getattr(bench, key) for key in BenchDefinition.__dataclass_fields__}
    return BenchDefinition(**{**fields, "file": file})


@pytest.fixture
def device() -> DeviceDefinition:
    return load_device(FIXTURES / "duts" / "p24-healthy.dut.yaml")


def test_a_bench_opens_works_and_is_left_safe(
    table: Table, definition: BenchDefinition, device: DeviceDefinition
) -> None:
    with table.open(definition, device) as bench:
        assert bench.identities["scope"].serial == "MY00000001"
        assert bench.identities["stimulator"].serial == "P24-000123"
        assert set(bench.identities) == {"clock", "scope", "switch", "stimulator"}
        assert bench.engineering_only == ()
        assert bench.digitizer is None
        assert bench.calibrations["loads"].calibration.certificate == "ECL-2026-0418"
        assert bench.select_load("1 kohm").resistance == 1000.31
        assert bench.selected is bench.loads["1 kohm"]
        with pytest.raises(Refused, match="has no '3 kohm'; it has: 500 ohm, 1 kohm"):
            bench.select_load("3 kohm")
    assert table.switch.lines[-3:] == [
        "ROUTe:OPEN (@101,102,103,104,105)",
        ":SYSTem:ERRor?",
        "ROUTe:CLOSe? (@101,102,103,104,105)",
    ]
    assert table.stimulator.commands[-1] == 34


def test_a_bench_is_made_safe_before_it_is_handed_over(
    table: Table, definition: BenchDefinition, device: DeviceDefinition
) -> None:
    with table.open(definition, device) as bench:
        assert table.stimulator.commands == [52, 68, 34]
        assert bench.selected is not None
        assert bench.selected.is_open


def test_make_safe_tries_every_step_and_never_raises(
    table: Table, definition: BenchDefinition, device: DeviceDefinition
) -> None:
    with pytest.raises(BenchError, match="could not be made safe: could not stop the stimulator"):  # noqa: PT012, SIM117 - leaving raises
        with table.open(definition, device) as bench:
            bench.select_load("500 ohm")
            table.stimulator.silent = {34}
            first, second = bench.make_safe()
            assert (first.done, second.done) == (False, True)
            assert "no acknowledgement" in first.detail
            assert bench.selected is bench.loads["open"]


def test_relays_that_do_not_open_are_told(table: Table, definition: BenchDefinition, device: DeviceDefinition) -> None:
    with pytest.raises(BenchError, match="could not open all relays"):  # noqa: PT012, SIM117 - leaving raises
        with table.open(definition, device) as bench:
            table.switch.replies["ROUTe:CLOSe? (@101,102,103,104,105)"] = "0,1,0,0,0"
            stopped, opened = bench.make_safe()
            assert stopped.done
            assert not opened.done
            assert "relay 102 is closed" in opened.detail
            assert bench.selected is None


def test_an_exception_inside_leaves_the_bench_safe_and_comes_through(
    table: Table, definition: BenchDefinition, device: DeviceDefinition
) -> None:
    with pytest.raises(KeyboardInterrupt), table.open(definition, device) as bench:  # noqa: PT012 - leaving raises
        bench.select_load("500 ohm")
        raise KeyboardInterrupt
    assert table.switch.lines[-1] == "ROUTe:CLOSe? (@101,102,103,104,105)"
    assert table.stimulator.commands[-1] == 34


def test_what_could_not_be_made_safe_is_noted_on_the_exception(
    table: Table, definition: BenchDefinition, device: DeviceDefinition
) -> None:
    with pytest.raises(ValueError, match="first") as caught, table.open(definition, device):  # noqa: PT012 - leaving raises
        table.stimulator.silent = {34}
        msg = "first"
        raise ValueError(msg)
    assert any("could not stop the stimulator" in note for note in caught.value.__notes__)


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (
            "KEYSIGHT TECHNOLOGIES,DSO-X 3034A,MY00000002,02.50.2019022736",
            "serial 'MY00000002' instead of 'MY00000001'",
        ),
        ("KEYSIGHT TECHNOLOGIES,DSO-X 2024A,MY00000001,02.50.2019022736", "model 'DSO-X 2024A'"),
        ("RIGOL TECHNOLOGIES,DSO-X 3034A,MY00000001,02.50.2019022736", "manufacturer 'RIGOL"),
        ("KEYSIGHT TECHNOLOGIES,DSO-X 3034A,MY00000001,02.51", "firmware '02.51'"),
    ],
)
def test_another_oscilloscope_than_named(
    table: Table, definition: BenchDefinition, device: DeviceDefinition, reply: str, message: str
) -> None:
    table.scope.replies["*IDN?"] = reply
    with pytest.raises(IdentityMismatch, match=f"^scope: .*{message}"), table.open(definition, device):
        pytest.fail("opened")
    assert table.stimulator.commands[-1] == 34, "what was opened before was switched off"


@pytest.mark.parametrize("serial", [b"P24-000124", b"../../etc/", b"<b>P24</b>"])
def test_another_device_than_named(
    table: Table, definition: BenchDefinition, device: DeviceDefinition, serial: bytes
) -> None:
    table.stimulator.replies[52] = b"\0" + serial
    with pytest.raises(IdentityMismatch, match=r"^stimulator: .*serial"), table.open(definition, device):
        pytest.fail("opened")


@pytest.mark.parametrize("name", ["scope", "switch", "clock", "stimulator"])
def test_an_unreachable_instrument_is_one_clear_error_soon(
    table: Table, definition: BenchDefinition, device: DeviceDefinition, name: str
) -> None:
    table.addresses[name] = "socket://127.0.0.1:1" if name == "stimulator" else "TCPIP::127.0.0.1::1::SOCKET"
    begin = time.perf_counter()
    with pytest.raises(CommunicationError, match=f"^{name}: "), table.open(definition, device):
        pytest.fail("opened")
    assert time.perf_counter() - begin < 30.0


def test_a_virtual_bench_that_is_not_running(definition: BenchDefinition, device: DeviceDefinition) -> None:
    nothing: Mapping[str, str] = {}
    with (
        pytest.raises(CommunicationError, match="is it running"),
        open_bench(definition, device, addresses=nothing, today=TODAY, utc=lambda: datetime.now(UTC)),  # noqa: TID251 - never called
    ):
        pytest.fail("opened")


@pytest.mark.parametrize(
    ("today", "reasons"),
    [
        (date(2027, 3, 16), 0),
        (date(2027, 3, 17), 2),
        (date(2027, 3, 18), 4),
    ],
)
def test_expired_calibrations_make_a_run_engineering_only(
    table: Table, definition: BenchDefinition, device: DeviceDefinition, today: date, reasons: int
) -> None:
    utc: Callable[[], datetime] = lambda: datetime(2027, 1, 1, tzinfo=UTC)  # noqa: E731 - one value
    with open_bench(definition, device, addresses=table.addresses, today=today, utc=utc) as bench:
        assert len(bench.engineering_only) == reasons
        assert all("expired on 2027-03-1" in reason for reason in bench.engineering_only)


def test_a_clock_that_was_put_back_makes_no_calibration_valid(
    table: Table, definition: BenchDefinition, device: DeviceDefinition
) -> None:
    utc: Callable[[], datetime] = lambda: datetime(2020, 1, 1, tzinfo=UTC)  # noqa: E731 - one value
    with open_bench(definition, device, addresses=table.addresses, today=date(2020, 1, 1), utc=utc) as bench:
        assert len(bench.engineering_only) == len(bench.calibrations)
        assert all("after the day of the run" in reason for reason in bench.engineering_only)


def test_the_expired_bench_says_so(table: Table, device: DeviceDefinition) -> None:
    expired = _without(load_bench(FIXTURES / "benches" / "virtual-expired.bench.yaml"), "daq")
    with table.open(expired, device) as bench:
        assert bench.engineering_only == ("the calibration of scope expired on 2026-03-14",)
        assert bench.calibrations["scope"].expired


@pytest.mark.parametrize("module", ["rig.bench", "rig.bench.reading", "rig.bench.build"])
def test_describing_a_bench_loads_no_vendor_library(module: str) -> None:
    code = f"import sys, {module}; print([name for name in ('pyvisa', 'nidaqmx', 'serial') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
