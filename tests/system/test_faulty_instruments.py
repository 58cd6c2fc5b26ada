"""An instrument that misbehaves: never a PASS for what it should have delivered, the output off, and a record of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.running import THREE_LOADS, Command, Record, Write, ended, one_record_per_case, the_record

# Without a scout: it is of one certain operation that a fault strikes. Scouts that break are in tests/sequencer.
NO_SCOUT = ("defaults:\n", "defaults:\n  capture: {ranging: expected}\n")
BOTH = THREE_LOADS.replace(*NO_SCOUT).replace(
    "verify: [phase_top: {within: 5 % of set}]",
    "verify: [phase_top: {within: 5 % of set}, peak_output_voltage: {at_most: 150 V}]",
)
A, B, C = "a[500ohm]", "a[1kohm]", "a[2kohm]"


def run_with(
    faults: str, code: int, rig: Command, plan_file: Write, bench_file: Write, evidence: Path
) -> tuple[str, Record]:
    said = ended(rig("run", plan_file(text=BOTH), "--bench", bench_file(faults=faults)), code)
    return said, the_record(evidence)


def off_or_latched(record: Record) -> None:
    """Every case that was started left the output measured off, or nothing was started after it."""
    latched = False
    for case in record["cases"]:
        if case["started"] is None:
            assert latched
            assert case["verdict"] == "NOT_RUN"
            assert "latched" in case["reason"]
            assert case["captures"] == []
        else:
            assert not latched
            latched = case["output_off"]["verdict"] != "PASS"
            assert not latched or case["verdict"] != "PASS"


# The fault, the verdicts of the three cases, and words of what was said. An operation is counted where it could strike.
RECOVERED = {
    "the first record is older than the run": (
        "{instrument: scope, kind: stale_waveform, times: 1}",
        ("ERROR", "PASS", "PASS"),
        "does not show the event that triggered it",
    ),
    "a record is delivered again": (
        "{instrument: scope, kind: stale_waveform, after: 1, times: 1}",
        ("PASS", "ERROR", "PASS"),
        "earlier acquisition",
    ),
    "no trigger": (
        "{instrument: scope, kind: no_trigger, after: 1, times: 1}",
        ("PASS", "INCONCLUSIVE", "PASS"),
        "did not trigger",
    ),
    "a block is cut": (
        "{instrument: scope, kind: truncated_block, after: 1, times: 1}",
        ("PASS", "ERROR", "PASS"),
        "the block was cut",
    ),
    "the oscilloscope is silent once": (
        "{instrument: scope, kind: timeout, after: 30, times: 1}",
        ("PASS", "ERROR", "PASS"),
        "no reply in time",
    ),
    "the oscilloscope drops the connection": (
        "{instrument: scope, kind: dropped_connection, after: 30, times: 1}",
        ("PASS", "ERROR", "PASS"),
        "scope:",
    ),
    "the digitizer loses samples of the train": (
        "{instrument: daq, kind: samples_lost, after: 4, times: 1}",
        ("PASS", "ERROR", "PASS"),
        "samples per channel came",
    ),
    "the switch drops the connection": (
        "{instrument: switch, kind: dropped_connection, after: 12, times: 1}",
        ("PASS", "ERROR", "PASS"),
        "switch:",
    ),
    "the stimulator does not acknowledge": (
        "{instrument: stimulator, kind: timeout, after: 7, times: 1}",
        ("PASS", "ERROR", "PASS"),
        "no acknowledgement",
    ),
}


@pytest.mark.parametrize("fault", RECOVERED)
def test_one_fault_costs_its_own_case_and_no_other(
    fault: str, rig: Command, plan_file: Write, bench_file: Write, evidence: Path
) -> None:
    faults, verdicts, words = RECOVERED[fault]
    said, record = run_with(faults, 3, rig, plan_file, bench_file, evidence)
    cases = one_record_per_case(record)
    assert tuple(cases[name]["verdict"] for name in (A, B, C)) == verdicts, said
    assert words in said
    assert record["end_reason"] == "completed"
    off_or_latched(record)
    struck = next(case for case in cases.values() if case["verdict"] != "PASS")
    voltage = [one for one in struck["judgements"] if one["limit"]["measurand"] == "peak_output_voltage"]
    if "scope" in faults:
        assert all(one["verdict"] == "INCONCLUSIVE" for one in voltage)


def test_a_current_is_not_passed_over_a_load_that_nobody_verified(
    rig: Command, plan_file: Write, bench_file: Write, evidence: Path
) -> None:
    bench = bench_file(faults="{instrument: scope, kind: no_trigger}")
    said = ended(rig("run", plan_file(), "--bench", bench), 3)
    (case,) = the_record(evidence)["cases"]
    assert case["verdict"] == "INCONCLUSIVE"
    assert [one["verdict"] for one in case["judgements"]] == ["PASS"]
    assert "the load was not verified to be 500 ohm" in case["reason"]
    assert "the load was not verified" in said


def test_a_clipped_voltage_is_neither_judged_nor_taken_for_another_load(
    rig: Command, plan_file: Write, bench_file: Write, evidence: Path
) -> None:
    _, record = run_with("{instrument: scope, kind: clipped}", 3, rig, plan_file, bench_file, evidence)
    for case in one_record_per_case(record).values():
        assert case["verdict"] == "INCONCLUSIVE"
        judged = {one["limit"]["measurand"]: one["verdict"] for one in case["judgements"]}
        assert judged == {"phase_top": "PASS", "peak_output_voltage": "INCONCLUSIVE"}
    off_or_latched(record)


@pytest.mark.parametrize("kind", ["timeout", "clipped", "samples_lost"])
def test_what_cannot_be_measured_to_be_off_latches_the_bench(
    kind: str, rig: Command, plan_file: Write, bench_file: Write, evidence: Path
) -> None:
    said, record = run_with(f"{{instrument: daq, kind: {kind}, after: 2}}", 3, rig, plan_file, bench_file, evidence)
    cases = one_record_per_case(record)
    assert cases[A]["verdict"] in {"ERROR", "INCONCLUSIVE"}
    assert [cases[name]["verdict"] for name in (B, C)] == ["NOT_RUN", "NOT_RUN"]
    assert "output after the case" in said
    off_or_latched(record)


def test_a_card_that_is_unplugged_while_current_flows_ends_the_run(
    rig: Command, plan_file: Write, bench_file: Write, evidence: Path
) -> None:
    said, record = run_with("{instrument: daq, kind: unplugged, after: 5}", 3, rig, plan_file, bench_file, evidence)
    cases = one_record_per_case(record)
    assert [cases[name]["verdict"] for name in (A, B, C)] == ["ERROR", "NOT_RUN", "NOT_RUN"], said
    assert "-88709" in said
    assert any(capture["purpose"] == "signal" for capture in cases[A]["captures"])  # what came before is kept
    off_or_latched(record)


def test_a_switch_that_stays_silent_latches_the_bench_and_the_run_is_not_called_completed(
    rig: Command, plan_file: Write, bench_file: Write, evidence: Path
) -> None:
    said, record = run_with(
        "{instrument: switch, kind: dropped_connection, after: 6}", 3, rig, plan_file, bench_file, evidence
    )
    cases = one_record_per_case(record)
    assert cases[A]["verdict"] == "ERROR"
    assert [cases[name]["verdict"] for name in (B, C)] == ["NOT_RUN", "NOT_RUN"]
    assert record["end_reason"] == "crash"
    assert "could not be made safe: could not open all relays" in said
    assert any("could not be made safe" in note for note in record["notes"])


def test_relays_that_cannot_be_opened_after_the_last_case_are_no_completed_run(
    rig: Command, plan_file: Write, bench_file: Write, evidence: Path
) -> None:
    bench = bench_file(faults="{instrument: switch, kind: timeout, after: 10}")
    said = ended(rig("run", plan_file(NO_SCOUT), "--bench", bench), 3)
    record = the_record(evidence)
    assert [case["verdict"] for case in record["cases"]] == ["PASS"]
    assert record["end_reason"] == "crash"
    assert record["verdict"] == "ERROR"
    assert "could not be made safe" in said


def test_a_stimulator_that_falls_silent_is_stopped_over_a_new_connection_or_the_bench_latches(
    rig: Command, plan_file: Write, bench_file: Write, evidence: Path
) -> None:
    faults = "{instrument: stimulator, kind: dropped_connection, after: 5}"
    _, record = run_with(faults, 3, rig, plan_file, bench_file, evidence)
    assert all(case["verdict"] != "PASS" for case in record["cases"])
    off_or_latched(record)


NEVER_STARTED = {
    "the oscilloscope is another": "{instrument: scope, kind: wrong_identity}",
    "the card is another": "{instrument: daq, kind: wrong_identity}",
    "the stimulator is another": "{instrument: stimulator, kind: wrong_identity}",
    "the card is not there": "{instrument: daq, kind: dropped_connection}",
}


@pytest.mark.parametrize("fault", NEVER_STARTED)
def test_a_run_that_could_not_start_is_on_record(
    fault: str, rig: Command, plan_file: Write, bench_file: Write, evidence: Path
) -> None:
    said, record = run_with(NEVER_STARTED[fault], 2, rig, plan_file, bench_file, evidence)
    assert NEVER_STARTED[fault][13:].split(",")[0] in said
    not_started(said, record, evidence)


def not_started(said: str, record: Record, evidence: Path) -> None:
    assert record["end_reason"] == "failed_to_start"
    assert record["verdict"] == "ERROR"
    assert {case["verdict"] for case in record["cases"]} == {"NOT_RUN"}
    assert all(case["captures"] == [] for case in record["cases"])
    (folder,) = evidence.iterdir()
    assert str(folder) in said
    assert (folder / "report.html").is_file()


@pytest.mark.parametrize("instrument", ["scope", "switch"])
def test_an_instrument_that_cannot_be_reached(
    instrument: str, rig: Command, plan_file: Write, bench_file: Write, evidence: Path
) -> None:
    driver = {"scope": "keysight-infiniivision", "switch": "keysight-34970a"}[instrument]
    old = f"driver: {driver}\n    address: twin"
    bench = bench_file((old, old.replace("twin", "TCPIP::127.0.0.1::1::SOCKET")))
    said = ended(rig("run", plan_file(), "--bench", bench), 2)
    assert f"{instrument}: cannot be reached at TCPIP::127.0.0.1::1::SOCKET" in said
    not_started(said, the_record(evidence), evidence)
