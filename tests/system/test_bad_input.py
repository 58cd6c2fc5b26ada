"""What must be refused: one clear message at its place, the right exit code, and nothing begun or energised."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.system.running import FIXTURES, Command, Write, ended

LAUGHS = "\n".join(
    f"l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * 9)}]" if level else "l0: &l0 [lol]" for level in range(9)
)
CASE = "  - id: a\n    load: 500 ohm\n    verify: [phase_top: {within: 5 % of set}]\n"

Mistake = tuple[tuple[tuple[str, str], ...], tuple[str, ...]]
# What is changed in a plan that is in order, and what must be said of it.
UNREADABLE: dict[str, Mistake] = {
    "malformed YAML": ((("{load: [500", "{load: [[500"),), (":4:",)),
    "unknown key": ((("revision", "revison"),), (":3:1: revison", "'revision'")),
    "missing unit": ((("amplitude: 20 mA", "amplitude: 20"),), (":7:", "amplitude", "unit")),
    "wrong dimension": ((("amplitude: 20 mA", "amplitude: 20 mV"),), (":7:", "amplitude", "mA")),
    "duplicate id": (((CASE, CASE + CASE),), (":12:", "given twice")),
    "duplicate key": ((("title: A short plan", "title: A\ntitle: B"),), (":3:1: title",)),
    "billion laughs": ((("revision: A\n", f"revision: A\n{LAUGHS}\n"),), ("l",)),
    "several at once": (
        (("rate: 50 Hz", "rate: 50"), ("load: 500 ohm\n", "load: 500 V\n"), ("phase_top", "phase_tpo")),
        (":7:", ":10:", ":11:", "phase_top"),
    ),
    "above the ceiling": ((("amplitude: 20 mA", "amplitude: 120 mA"),), ("ceiling", "100 mA")),
    "path separators in the id": ((("plan: SYS", "plan: ../../etc/x"),), (":1:7: plan",)),
    "HTML in the id": ((("plan: SYS", "plan: <b>x</b>"),), (":1:7: plan",)),
    "control characters in the title": ((("A short plan", '"a\\x1b[31mb"'),), (":2:8: title",)),
}
IMPOSSIBLE: dict[str, Mistake] = {
    "a load the bench lacks": ((("500 ohm", "510 ohm"),), (":4:19:", "no load '510 ohm'", "2 kohm")),
    "a channel the device lacks": (
        (("shape: biph", "channel: 9, shape: biph"),),
        (":9:5: a", "no channel 9; it has 8"),
    ),
    "above the device's rating": (
        (("current_peak: 100 mA", "current_peak: 200 mA"), ("amplitude: 20 mA", "amplitude: 150 mA")),
        (":9:5: a", "rated maximum, 130 mA"),
    ),
    "above what the bench can show": (
        (
            ("load: [500 ohm, 1 kohm, 2 kohm]", "load: [10 kohm, open]"),
            ("load: 500 ohm", "load: 10 kohm"),
            ("train: 0.2 s", "train: 100000 s"),
            ("exposure: 5 s", "exposure: 200000 s"),
        ),
        (":9:5: a", "too long to record"),
    ),
    "a supply that the bench lacks": (
        (("    verify", "    events: [{at: 100 ms, supply: off}]\n    verify"),),
        (":9:5: a", "the bench virtual has no supply for the device"),
    ),
    "required resolution": (
        (("requires: {", "requires: {digitizer: {channels: [current], resolution: 24}, "),),
        (":4:57: requires.digitizer.resolution", "24 bits", "16 bits"),
    ),
    "unknown limit pack": (
        (("revision: A\n", "revision: A\nlimits: [iec60601-2-10:2099]\n"), ("verify: [", "verify: [limits: all, ")),
        (":10:5: a", "no limit pack 'iec60601-2-10:2099'", "iec60601-2-10:2012"),
    ),
}


def faulty_plans(kinds: Mapping[str, Mistake], plan_file: Write) -> Path:
    """Write one plan per mistake, each with an id of its own; return their folder."""
    path = Path()
    for number, (changes, _) in enumerate(kinds.values()):
        text = plan_file(*changes).read_text(encoding="utf-8").replace("plan: SYS", f"plan: SYS-{number}")
        path = plan_file(text=text, name=f"plans/number{number}.plan.yaml")
    return path.parent


@pytest.mark.parametrize("kinds", [UNREADABLE, IMPOSSIBLE], ids=["unreadable", "impossible"])
@pytest.mark.parametrize("command", ["run", "check"])
def test_plans_with_mistakes_are_refused_each_at_its_place(
    command: str, kinds: Mapping[str, Mistake], rig: Command, plan_file: Write, evidence: Path
) -> None:
    said = ended(rig(command, faulty_plans(kinds, plan_file)), 2)
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", said)
    for number, (kind, (_, expected)) in enumerate(kinds.items()):
        lines = "\n".join(line for line in said.splitlines() if f"number{number}.plan.yaml:" in line)
        for words in expected:
            assert words in lines, kind
        assert 1 <= len(lines.splitlines()) <= 4, kind
    assert not evidence.exists(), "nothing was begun, so there is nothing to record"


def test_the_plan_those_mistakes_are_made_in_is_in_order(rig: Command, plan_file: Write) -> None:
    said = ended(rig("check", plan_file()), 0)
    assert "SYS: 1 cases can be run on virtual" in said


def test_a_load_is_not_asked_for_more_than_its_power_rating(
    rig: Command, plan_file: Write, bench_file: Write, tmp_path: Path, evidence: Path
) -> None:
    box = (FIXTURES / "loads/nmes-box-1.loadbox.yaml").read_text(encoding="utf-8")
    (tmp_path / "weak.loadbox.yaml").write_text(box.replace("power_rating: 25 W", "power_rating: 5 mW"), "utf-8")
    bench = bench_file((f"box: {FIXTURES.as_posix()}/loads/nmes-box-1.loadbox.yaml", "box: weak.loadbox.yaml"))
    said = ended(rig("run", plan_file(), "--bench", bench), 2)
    assert "sys.plan.yaml:9:5: a: dissipation 6 mW is above the load's rating, 5 mW" in said
    assert not evidence.exists()


def test_a_required_signal_that_the_bench_does_not_see(rig: Command, plan_file: Write, bench_file: Write) -> None:
    plan = plan_file(("requires: {", "requires: {digitizer: {channels: [voltage]}, "))
    bench = bench_file(("  voltage: {instrument: scope", "  # voltage: {instrument: scope"))
    said = ended(rig("check", plan, "--bench", bench), 2)
    assert "voltage" in said


def test_two_plans_with_one_id(rig: Command, plan_file: Write, tmp_path: Path, evidence: Path) -> None:
    plan_file(name="one.plan.yaml")
    plan_file(name="two.plan.yaml")
    for command in ("run", "check"):
        said = ended(rig(command, tmp_path), 2)
        assert "two.plan.yaml:1:7: plan: 'SYS' is also the id of" in said
    assert not evidence.exists()


@pytest.mark.parametrize(("what", "words"), [("absent.plan.yaml", "absent.plan.yaml"), ("empty", "no case")])
def test_nothing_to_run(what: str, words: str, rig: Command, tmp_path: Path, evidence: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert words in ended(rig("run", tmp_path / what), 2)
    assert not evidence.exists()


# What is changed in the bench file, and what must be said of it.
BENCHES = {
    "unknown key": ("title: Virtual", "titel: Virtual", (":4:1: titel", "'title'")),
    "unknown driver": ("driver: ni-daqmx", "driver: ni-daqmxx", ("instruments.daq.driver", "'ni-daqmx'")),
    "wrong role": ("role: digitizer", "role: oscilloscope", ("a ni-daqmx is a digitizer",)),
    "missing unit": ("maximum: 11 V", "maximum: 11", ("signals.current.absolute_maximum", "unit")),
    "absent file": ("nmes-box-1", "nmes-box-9", ("loads.box", "nmes-box-9")),
    "another's calibration": ("serial: MY00000001", "serial: MY00000002", ("another instrument",)),
    "fault of nobody": ("faults: []", "faults: [{instrument: sope, kind: timeout}]", ("'sope'",)),
}


@pytest.mark.parametrize("kind", BENCHES)
def test_a_bench_file_with_a_mistake_is_refused_at_its_place(
    kind: str, rig: Command, bench_file: Write, plan_file: Write, evidence: Path
) -> None:
    old, new, expected = BENCHES[kind]
    bench = bench_file((old, new)) if old != "faults: []" else bench_file(faults=new[9:-1])
    said = ended(rig("run", plan_file(), "--bench", bench), 2)
    assert "copy.bench.yaml:" in said
    for words in expected:
        assert words in said
    assert not evidence.exists()


@pytest.mark.parametrize("serial", ["../../x", "<img src=x>", '"a\\x07b"'])
def test_a_device_serial_that_is_no_name(
    serial: str, rig: Command, plan_file: Write, tmp_path: Path, evidence: Path
) -> None:
    device = tmp_path / "odd.dut.yaml"
    text = (FIXTURES / "duts/p24-healthy.dut.yaml").read_text(encoding="utf-8")
    device.write_text(text.replace("P24-000123", serial), encoding="utf-8")
    said = ended(rig("run", plan_file(), "--dut", device), 2)
    assert "odd.dut.yaml:5:" in said
    assert "identity.serial" in said
    assert "\x07" not in said
    assert not evidence.exists()


def test_html_in_a_title_is_text_in_every_report(rig: Command, plan_file: Write, evidence: Path) -> None:
    evil = "<script>alert(1)</script> & [bold]"
    ended(
        rig(
            "run", plan_file(("title: A short plan", f'title: "{evil}"'), ("id: a\n", f'id: a\n    title: "{evil}"\n'))
        ),
        0,
    )
    (folder,) = evidence.iterdir()
    for name in ("report.html", "junit.xml"):
        text = (folder / name).read_text(encoding="utf-8")
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; [bold]" in text


def test_evidence_that_cannot_be_written_is_no_run(rig: Command, plan_file: Write, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, where the folder should be")
    said = ended(rig("run", plan_file(), "--evidence", blocked), 2)
    assert "no evidence can be written" in said or "a file in its place" in said
    assert blocked.is_file()


FILES = {
    "empty.csv": b"",
    "empty.bin": b"",
    "garbage.csv": b"once upon a time\nthere was no number at all\n",
    "nan.csv": b"x-axis,1\nsecond,Volt\n" + b"".join(b"%de-6,nan\n" % i for i in range(50)),
    "truncated.bin": (4).to_bytes(4, "little") + bytes(500),
    "letter.txt": b"Dear Sir or Madam,\n",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_capture_is_named_and_refused(name: str, rig: Command, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])
    done = rig("analyze", path, "--load", "500 ohm", "--json")
    said = ended(done, 2)
    assert name in said
    assert done.stdout == ""
    assert len(said.splitlines()) <= 2


@pytest.mark.parametrize("load", ["500", "500 V", "0 ohm"])
def test_a_load_that_is_no_resistance(load: str, rig: Command, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"x-axis,1\nsecond,Volt\n" + b"".join(b"%de-6,%d\n" % (i, i % 7) for i in range(50)))
    assert "--load" in ended(rig("analyze", path, f"--load={load}"), 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("verify", "{tmp}"), "manifest.json"),
        (("report", "{tmp}"), "record"),
        (("schema", "plam"), "plan"),
        (("analyze", "{tmp}/absent.csv", "--load", "500 ohm"), "absent.csv"),
        (("twin", "serve", "--ports", "scope=x"), "scope=5025"),
        (("twin", "serve", "--ports", "sope=5025"), "scope"),
        (("bench", "check", "--bench", "{tmp}/absent.bench.yaml"), "absent.bench.yaml"),
        (("run", "testplans/smoke.plan.yaml", "--dut", "{tmp}/absent.dut.yaml"), "absent.dut.yaml"),
        (("run", "testplans/smoke.plan.yaml", "-k", "no_such_case"), "no case"),
    ],
)
def test_other_commands_refuse_in_one_message_as_well(
    arguments: tuple[str, ...], words: str, rig: Command, tmp_path: Path
) -> None:
    done = rig(*(argument.format(tmp=tmp_path) for argument in arguments))
    said = ended(done, 1 if arguments[0] == "verify" else 2)
    assert words in said
    assert len(list(itertools.takewhile(bool, said.splitlines()))) <= 4
