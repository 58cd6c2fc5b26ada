"""A test in Python is a case like a plan's: judged, recorded, and the output measured to be off afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.running import FIXTURES, ROOT, Command, Record, ended, one_record_per_case, replayed, the_record

EXAMPLE = ROOT / "testplans/test_amplitude_monotonic.py"
SETTINGS = 'shape="monophasic", amplitude="20 mA", phase_duration="300 us", rate="50 Hz", train="60 ms"'

TESTS = f"""
import pytest

def deliver(load, capture):
    load("500 ohm")
    return capture({SETTINGS})

def test_judges_nothing(load, capture):
    deliver(load, capture)

def test_fails(load, capture, judge):
    judge(deliver(load, capture)["phase_top"], at_most="10 mA")

def test_raises_midway(load, stimulator, capture, judge):
    judge(deliver(load, capture)["phase_top"], within="5 % of set")
    stimulator.prepare(stimulus_of(capture))
    stimulator.start()
    raise ValueError("something the author did not think of")

def stimulus_of(capture):
    return capture.__self__.case.stimulus

def test_ends_itself(load, capture, judge):
    judge(deliver(load, capture)["phase_top"], within="5 % of set")
    pytest.fail("the author has seen enough")

def test_skips_itself_after_the_output_was_on(load, capture, judge):
    judge(deliver(load, capture)["phase_top"], within="5 % of set")
    pytest.skip("never mind")

def test_asks_too_much(load, capture, judge):
    load("500 ohm")
    capture({SETTINGS.replace("20 mA", "140 mA")})

def test_of_a_load_that_is_not_there(load):
    load("501 ohm")

def test_forgets_the_load(capture):
    capture({SETTINGS})

def test_passes(load, capture, judge):
    judge(deliver(load, capture)["phase_top"], within="5 % of set")

def test_needs_no_bench():
    pass
"""


def run(tests: str, command: Command, code: int, *arguments: str | Path, folder: Path) -> tuple[str, Record]:
    path = folder / "test_of_the_device.py"
    path.write_text(tests, encoding="utf-8")
    done = command(path, *arguments)
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    return said, the_record(folder / "out")


def test_the_worked_example_passes_on_the_healthy_device(pytester_cli: Command, evidence: Path) -> None:
    said = ended(pytester_cli(EXAMPLE), 0)
    assert "1 passed" in said
    record = the_record(evidence)
    (case,) = record["cases"]
    assert case["verdict"] == "PASS"
    assert case["location"].startswith("testplans/test_amplitude_monotonic.py:")
    assert case["traces"] == ["REQ-OUT-007"]
    assert [round(entry["value"], 4) for entry in case["judgements"]] == pytest.approx(
        [5e-3, 10e-3, 20e-3, 40e-3], rel=0.05
    )
    assert (case["load"]["name"], case["stimulus"]["amplitude"]) == ("1 kohm", 40e-3)
    assert set(replayed(evidence).values()) == {"not done again"}
    assert case["output_off"]["verdict"] == "PASS"


def test_the_worked_example_fails_on_a_device_of_wrong_gain(rig: Command, evidence: Path) -> None:
    done = rig("run", EXAMPLE, "--dut", FIXTURES / "duts/faulty/amplitude-gain.dut.yaml")
    assert "FAIL  phase_top" in ended(done, 1)
    assert the_record(evidence)["cases"][0]["verdict"] == "FAIL"


def test_every_way_a_python_test_can_end_is_on_record(pytester_cli: Command, tmp_path: Path) -> None:
    said, record = run(TESTS, pytester_cli, 1, folder=tmp_path)
    cases = one_record_per_case(record)
    assert {name: case["verdict"] for name, case in cases.items()} == {
        "test_judges_nothing": "INCONCLUSIVE",
        "test_fails": "FAIL",
        "test_raises_midway": "ERROR",
        "test_ends_itself": "ERROR",
        "test_skips_itself_after_the_output_was_on": "ERROR",
        "test_asks_too_much": "ERROR",
        "test_of_a_load_that_is_not_there": "ERROR",
        "test_forgets_the_load": "ERROR",
        "test_passes": "PASS",
    }
    assert all(case["output_off"]["verdict"] == "PASS" for case in cases.values())
    assert "nothing was judged" in said
    assert "nothing was judged" in cases["test_judges_nothing"]["reason"]
    assert "phase_top 2" in said
    assert "20" in cases["test_fails"]["reason"]
    assert cases["test_raises_midway"]["error"]["message"] == "ValueError: something the author did not think of"
    assert cases["test_raises_midway"]["judgements"][0]["verdict"] == "PASS"
    assert "rated maximum, 130 mA" in cases["test_asks_too_much"]["error"]["message"]
    assert "connect a load first" in cases["test_forgets_the_load"]["error"]["message"]
    assert "2 passed" in said
    assert "INTERNAL" not in said
    assert set(replayed(tmp_path / "out").values()) == {"not done again"}, "and nothing came out otherwise"


def test_a_device_that_stays_on_after_a_python_test_fails_it_and_latches_the_bench(
    pytester_cli: Command, tmp_path: Path
) -> None:
    twice = (
        TESTS.split("def test_judges_nothing", maxsplit=1)[0]
        + """
def test_first(load, capture, judge):
    judge(deliver(load, capture)["phase_top"], within="5 % of set")

def test_second(load, capture, judge):
    judge(deliver(load, capture)["phase_top"], within="5 % of set")
"""
    )
    said, record = run(twice, pytester_cli, 1, "--dut", FIXTURES / "duts/faulty/stuck-on.dut.yaml", folder=tmp_path)
    cases = one_record_per_case(record)
    assert cases["test_first"]["verdict"] == "FAIL"
    assert "output after the case" in said
    assert cases["test_second"]["verdict"] == "NOT_RUN"
    assert cases["test_second"]["captures"] == []
    assert record["end_reason"] == "limit_stop"


def test_a_device_that_crossed_a_hard_limit_is_energised_no_more(pytester_cli: Command, tmp_path: Path) -> None:
    """Not by the rest of the test, which may ask for more, and not by another one."""
    text = """
SETTINGS = dict(shape="biphasic_symmetric", phase_duration="300 us", rate="50 Hz")

def test_first(load, capture, judge):
    load("500 ohm")
    capture(amplitude="70 mA", train="1 s", **SETTINGS)
    load("500 ohm")
    judge(capture(amplitude="10 mA", train="60 ms", **SETTINGS)["phase_top"], within="5 % of set")

def test_second(load, capture, judge):
    load("500 ohm")
    judge(capture(amplitude="10 mA", train="60 ms", **SETTINGS)["phase_top"], within="5 % of set")
"""
    _, record = run(text, pytester_cli, 1, "--dut", FIXTURES / "duts/faulty/live/jump.dut.yaml", folder=tmp_path)
    first, second = (one_record_per_case(record)[name] for name in ("test_first", "test_second"))
    assert [one["limit"]["source"] for one in first["judgements"]] == ["the live watch"]
    assert (first["verdict"], second["verdict"]) == ("FAIL", "NOT_RUN")
    assert [bool(one["captures"]) for one in first["deliveries"]] == [True, False]
    assert first["error"]["type"] == "InterlockTripped"
    assert record["end_reason"] == "limit_stop"
    assert set(replayed(tmp_path / "out").values()) == {"not done again"}, "and nothing came out otherwise"


def test_rig_run_gives_a_python_test_its_verdict_and_not_pythons(rig: Command, tmp_path: Path) -> None:
    said, record = run(TESTS, lambda *a: rig("run", *a, "-k", "test_fails or test_judges"), 1, folder=tmp_path)
    assert "FAIL         test_fails" in said
    assert "INCONCLUSIVE test_judges_nothing" in said
    assert record["verdict"] == "FAIL"
