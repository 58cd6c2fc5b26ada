"""The two front doors, pytest and ``rig``: they behave as their users expect, and end with the right code."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.system.running import (
    ENVIRONMENT,
    FIXTURES,
    ROOT,
    THREE_LOADS,
    Command,
    Write,
    ended,
    one_record_per_case,
    the_record,
)

SMOKE = "testplans/smoke.plan.yaml"
GAIN = FIXTURES / "duts/faulty/amplitude-gain.dut.yaml"
IMPOSSIBLE_LIMIT = ("within: 5 % of set", "at_most: 1 mA")


def test_pytest_selects_with_k_and_writes_its_own_junit_file(
    pytester_cli: Command, tmp_path: Path, evidence: Path
) -> None:
    done = pytester_cli(SMOKE, "-q", "-k", "limits and 100Hz", f"--junitxml={tmp_path / 'own.xml'}")
    said = ended(done, 0)
    assert "1 passed, 41 deselected" in said
    assert said.strip().splitlines()[-1].startswith(("report: ", "1 passed"))
    assert "report: " in said
    (suite,) = ET.parse(tmp_path / "own.xml").getroot()  # noqa: S314 - our own file
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "0", "0")
    record = the_record(evidence)
    assert [case["id"] for case in record["cases"]] == ["limits[100Hz]"]
    assert record["not_selected"] == 41


def test_pytest_only_collects_when_that_is_all_that_was_asked(pytester_cli: Command, evidence: Path) -> None:
    said = ended(pytester_cli("testplans", "--collect-only", "-q"), 0)
    assert "testplans/smoke.plan.yaml::delivery[10mA-100us-500ohm]" in said
    assert "testplans/test_amplitude_monotonic.py::test_output_rises_with_every_step" in said
    assert not evidence.exists()


def test_a_failure_shows_the_plans_line_and_the_numbers_and_lf_runs_it_again(
    pytester_cli: Command, plan_file: Write, evidence: Path
) -> None:
    strict = "  - {id: strict, load: 500 ohm, verify: [phase_top: {at_most: 1 mA}]}\n"
    plan = plan_file(text=THREE_LOADS.replace(", 2 kohm]}\n    verify", "]}\n    verify") + strict)
    said = ended(pytester_cli(plan), 1)
    assert "sys.plan.yaml:12:5" in said
    assert "FAIL  phase_top = 2" in said
    assert "mA; limit at most 1 mA, margin -1" in said
    assert len(re.findall(r"sys\.plan\.yaml:12:\d+", said)) >= 2, "the case, and the check"
    assert f"evidence  {evidence}" in said
    assert ".py:" not in said.replace("conftest.py", "")
    assert "1 failed, 2 passed" in said
    again = ended(pytester_cli(plan, "--lf", "--evidence", evidence.parent / "again"), 1)
    assert "1 failed" in again
    assert "passed" not in again
    assert set(one_record_per_case(the_record(evidence.parent / "again"))) == {"strict"}


def test_x_stops_at_the_first_failure_and_the_rest_is_on_record_as_not_run(
    pytester_cli: Command, rig: Command, plan_file: Write, evidence: Path
) -> None:
    plan = plan_file(IMPOSSIBLE_LIMIT, text=THREE_LOADS)
    said = ended(pytester_cli(plan, "-x"), 1)
    assert "stopping after 1 failures" in said
    record = the_record(evidence)
    assert [case["verdict"] for case in record["cases"]] == ["FAIL", "NOT_RUN", "NOT_RUN"]
    assert record["end_reason"] == "completed"
    assert record["notes"] == []
    ended(rig("run", plan, "-x", "--evidence", evidence.parent / "rig"), 1)
    assert the_record(evidence.parent / "rig")["end_reason"] == "completed"


def test_pytest_takes_another_bench_and_device(pytester_cli: Command, evidence: Path) -> None:
    bench = FIXTURES / "benches/virtual-expired.bench.yaml"
    said = ended(pytester_cli(SMOKE, "-k", "limits and 100Hz", "--bench", bench, "--dut", GAIN), 1)
    assert "FAIL  phase_top" in said
    record = the_record(evidence)
    assert record["engineering_only"]
    assert record["device"]["source"]["origin"].endswith("amplitude-gain.dut.yaml")


def test_a_mistake_in_a_plan_is_a_collection_error_at_its_place(
    pytester_cli: Command, plan_file: Write, evidence: Path
) -> None:
    said = ended(pytester_cli(plan_file(("revision", "revison"))), 2)
    assert "sys.plan.yaml:3:1: revison" in said
    assert "1 error" in said
    assert not evidence.exists()


def test_a_bench_that_cannot_do_it_is_said_without_internals(pytester_cli: Command, plan_file: Write) -> None:
    said = ended(pytester_cli(plan_file(("500 ohm", "510 ohm"))), 4)
    assert "sys.plan.yaml:4:19" in said


def test_the_rigs_own_tests_start_no_bench(pytester_cli: Command, evidence: Path) -> None:
    said = ended(pytester_cli("tests/units", "tests/harness", "--collect-only", "-q"), 0)
    assert "report:" not in said
    ended(pytester_cli("tests/units/test_fields.py", "-q"), 0)
    assert not evidence.exists()


def test_rig_run_speaks_plain_lines_and_names_the_report_last(rig: Command, plan_file: Write, evidence: Path) -> None:
    done = rig("run", plan_file(text=THREE_LOADS), "--operator", "A. Person")
    ended(done, 0)
    lines = done.stdout.splitlines()
    assert [line.split()[:3] for line in lines[:3]] == [
        ["[1/3]", "PASS", "a[500ohm]"],
        ["[2/3]", "PASS", "a[1kohm]"],
        ["[3/3]", "PASS", "a[2kohm]"],
    ]
    assert "\x1b" not in done.stdout
    assert "PASS: 3 PASS" in lines
    report = Path(lines[-1].removeprefix("report: "))
    assert report.is_file()
    record = the_record(evidence)
    assert record["operator"] == "A. Person"
    assert record["end_reason"] == "completed"
    for entry in record["cases"]:
        assert entry["output_off"]["verdict"] == "PASS"


def test_a_case_that_no_limit_applies_to_is_no_pass(rig: Command, plan_file: Write, evidence: Path) -> None:
    plan = plan_file(
        ("revision: A\n", "revision: A\nlimits: [fda-pms:1999]\n"),
        ("phase_top: {within: 5 % of set}", "limits: all"),
        ("load: 500 ohm\n", "load: 2 kohm\n"),
    )
    rig("run", plan)
    (case,) = the_record(evidence)["cases"]
    assert case["judgements"] or case["verdict"] != "PASS"


def test_a_bundle_verifies_until_one_byte_of_it_is_another(rig: Command, plan_file: Write, evidence: Path) -> None:
    ended(rig("run", plan_file()), 0)
    (folder,) = evidence.iterdir()
    assert "intact" in ended(rig("verify", folder), 0)
    written = [Path(line.removeprefix("report: ")) for line in ended(rig("report", folder), 0).splitlines()]
    assert [one.suffix for one in written] == [".html", ".pdf"]
    assert all(one.is_file() and one.parent != folder for one in written)
    assert "intact" in ended(rig("verify", folder), 0)
    victim = next((folder / "captures").iterdir())
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.chmod(0o600)
    victim.write_bytes(content)
    assert f"captures/{victim.name}: altered" in ended(rig("verify", folder), 1)


@pytest.mark.parametrize("name", ["plan", "bench", "device", "loadbox", "resistor", "calibration", "limits", "record"])
def test_schemas_are_exported_by_name(name: str, rig: Command) -> None:
    schema = json.loads(rig("schema", name).stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["additionalProperties"] is False


def test_the_shipped_plans_and_the_default_bench_are_in_order(rig: Command) -> None:
    said = ended(rig("check", "testplans"), 0)
    assert said.count("cases can be run on virtual") == len(list((ROOT / "testplans").glob("*.plan.yaml")))
    expired = ended(rig("bench", "check", "--bench", FIXTURES / "benches/virtual-expired.bench.yaml"), 0)
    assert "ENGINEERING ONLY" in expired


@pytest.mark.skipif(sys.platform == "win32", reason="there, Ctrl-C cannot be sent to another process alone")
def test_the_virtual_bench_is_served_until_ctrl_c() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "rig", "twin", "serve", "--ports", f"scope={port}"]
    with subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        lines: dict[str, tuple[str, str]] = {}
        while not {"scope", "daq", "switch", "stimulator", "clock"} <= lines.keys():
            name, protocol, address = serving.stdout.readline().split(maxsplit=2)
            lines[name] = (protocol, address.strip())
        assert lines["scope"] == ("infiniivision", f"TCPIP::127.0.0.1::{port}::SOCKET")
        with socket.create_connection(("127.0.0.1", port), 60) as client:
            client.sendall(b"*IDN?\n")
            assert client.recv(200).startswith(b"KEYSIGHT")
        serving.send_signal(signal.SIGINT)
        assert serving.wait(110) == 0
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 5)
