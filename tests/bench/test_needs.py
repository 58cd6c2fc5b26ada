"""What an interlock must say of itself in a bench file, told at its place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rig.bench.reading import load_bench
from rig.errors import DocumentInvalid

FIXTURES = Path(__file__).parents[2] / "fixtures"
DRIVER, CHANNEL, HOLD = "driver: deadman-relay", "    channel: 1\n", "    hold_time: 1 s\n"


@pytest.fixture
def guarded(tmp_path: Path) -> Path:
    for folder in ("benches", "loads", "calibration"):
        shutil.copytree(FIXTURES / folder, tmp_path / folder)
    return tmp_path / "benches" / "virtual-guarded.bench.yaml"


def mistaken(path: Path, *edits: tuple[str, str]) -> DocumentInvalid:
    text = path.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DocumentInvalid) as caught:
        load_bench(path)
    return caught.value


def test_a_bench_tells_of_its_interlock(guarded: Path) -> None:
    found = load_bench(guarded).interlock
    assert found is not None
    name, entry = found
    assert (name, entry.driver, entry.channel, entry.hold_time) == ("interlock", "deadman-relay", 1, 1.0)
    assert load_bench(guarded.with_name("virtual.bench.yaml")).interlock is None


PATIENT = ("\ninstruments:", "\nguard: {heartbeat: 60 s, answer: 60 s}\n\ninstruments:")


def test_a_virtual_bench_has_as_much_patience_as_it_says(guarded: Path) -> None:
    assert load_bench(guarded).file.guard.heartbeat == 0.5
    guarded.write_text(guarded.read_text(encoding="utf-8").replace(*PATIENT), encoding="utf-8")
    assert (load_bench(guarded).file.guard.heartbeat, load_bench(guarded).file.guard.answer) == (60.0, 60.0)


def test_a_real_bench_has_not_and_one_without_an_interlock_has_no_guard(guarded: Path) -> None:
    real = mistaken(guarded, PATIENT, ("twin: {seed: 20261122, faults: []}\n", ""))
    told = [problem.message for problem in real.problems if problem.key.startswith("guard")]
    assert len(told) == 2
    assert "on a real bench 1 s at most" in told[0]
    assert "0.5 s at most" in told[1]
    bare = mistaken(guarded.with_name("virtual.bench.yaml"), PATIENT)
    assert [problem.message for problem in bare.problems] == ["only a bench with an interlock has a guard"]


@pytest.mark.parametrize(
    ("edits", "place", "message"),
    [
        ([(CHANNEL, "")], "role: interlock", "a deadman-relay needs a 'channel'"),
        ([(HOLD, "")], "role: interlock", "a deadman-relay needs a 'hold_time'"),
        ([(CHANNEL, "    channel: 9\n")], "channel: 9", "a deadman-relay has the channels 1 to 8"),
        ([(HOLD, "    hold_time: 1.5 s\n")], "hold_time", "the relay's timer counts whole seconds"),
        ([(HOLD, "    hold_time: 0.2 s\n")], "hold_time", "the relay's timer counts whole seconds"),
        ([(HOLD, "    hold_time: 66000 s\n")], "hold_time", "the relay's timer counts whole seconds"),
        ([(HOLD, "    hold_time: 1\n")], "hold_time", "has no unit"),
        ([(HOLD, "    hold_tome: 1 s\n")], "hold_tome", "unknown key 'hold_tome'"),
        ([(HOLD, f"{HOLD}    device: Dev2\n")], "device: Dev2", "a deadman-relay has no 'device'"),
        ([(DRIVER, "driver: velleman-k8090")], "hold_time", "a velleman-k8090 has no 'hold_time'"),
        ([(DRIVER, "driver: scpi-switch"), (HOLD, "")], "channel: 1", "a scpi-switch has the channels 101 to 340"),
        ([(DRIVER, "driver: ni-digital-line"), (CHANNEL, "")], "role: interlock", "needs a 'line'"),
        ([(DRIVER, "driver: ni-digital-line"), (CHANNEL, "    line: line3\n")], "line: line3", "is not of the form"),
        ([(HOLD, f"{HOLD}    line: port0/line0\n")], "line: port0", "a deadman-relay has no 'line'"),
        ([(DRIVER, "driver: ni-daqmx")], "driver: ni-daqmx", "a ni-daqmx is a digitizer, not a interlock"),
        ([(HOLD, f"{HOLD}    output: 1\n")], "output: 1", "a deadman-relay has no 'output'"),
        ([(DRIVER, "driver: rigol-dp800"), (CHANNEL, ""), (HOLD, "")], "role: interlock", "needs an 'output'"),
        ([(HOLD, f"{HOLD}    output: 5\n")], "output: 5", "at most 4"),
    ],
)
def test_mistakes_are_told_at_their_place(
    guarded: Path, edits: list[tuple[str, str]], place: str, message: str
) -> None:
    raised = mistaken(guarded, *edits)
    told = [problem for problem in raised.problems if message in problem.message]
    assert told, str(raised)
    text = guarded.read_text(encoding="utf-8").splitlines()
    at = [n for n, line in enumerate(text, start=1) if place in line]
    assert told[0].line in at, (told[0], at)


def test_a_bench_has_one_interlock_at_most(guarded: Path) -> None:
    who = "{manufacturer: Velleman, model: K8090, serial: '0'}"
    spare = f"role: interlock, driver: velleman-k8090, address: COM9, channel: 2, identity: {who}"
    raised = mistaken(guarded, ("\nsignals:", f"  spare: {{{spare}}}\n\nsignals:"))
    assert "'interlock' is the interlock already" in str(raised)


@pytest.mark.parametrize(("driver", "besides"), [("sanworks-pulsepal2", ""), ("analog-ttl", "\n    device: Dev2")])
def test_what_an_isolator_makes_of_a_volt_must_be_said(guarded: Path, driver: str, besides: str) -> None:
    bench = guarded.with_name("virtual.bench.yaml")
    entry = "    driver: hasomed-sciencemode4\n    address: twin"
    found = mistaken(bench, (entry, f"    driver: {driver}\n    address: twin{besides}"))
    said = {problem.key: problem.message for problem in found.problems}
    assert said["instruments.stimulator.options"] == f"the driver {driver} needs the option 'current_per_volt'"
