"""Relay boards switch the loads of a whole run; a contact that does not follow is found out by voltage and current."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.system.running import FIXTURES, PLAN, ended, one_record_per_case, the_record

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.running import Command, Write

IDENTITY = '{manufacturer: HEWLETT-PACKARD, model: 34970A, serial: "0", firmware: 13-2-2}'
BOARDS = {
    "lcus": "{manufacturer: LCUS, model: LCUS-8, serial: '0'}\n    options: {relays: 8}",
    "numato": "{manufacturer: Numato, model: 8 channel relay, serial: LOADBOX1, firmware: '00000008'}",
    "devantech-usb-rly16-loads": "{manufacturer: Devantech, model: USB-RLY16, serial: '0', firmware: '1'}",
}
TWO_LOADS = PLAN.replace("load: 500 ohm\n", "sweep: {load: [500 ohm, 1 kohm]}\n")
DOUBT = "oscilloscope and digitizer disagree; check relays, leads"
NO_CURRENT = "there was a voltage and no current while"


@pytest.mark.parametrize(
    ("board", "fault", "verdicts"),
    [
        ("lcus", "", {"a[500ohm]": "PASS", "a[1kohm]": "PASS"}),
        ("lcus", "wrong_relay", {"a[500ohm]": "ERROR", "a[1kohm]": "ERROR"}),
        ("numato", "stuck_open", {"a[500ohm]": "ERROR", "a[1kohm]": "ERROR"}),
        ("devantech-usb-rly16-loads", "stuck_closed", {"a[500ohm]": "PASS", "a[1kohm]": "ERROR"}),
    ],
)
def test_the_loads_of_a_run_are_switched_and_not_taken_on_trust(
    board: str,
    fault: str,
    verdicts: dict[str, str],
    rig: Command,
    plan_file: Write,
    bench_file: Write,
    tmp_path: Path,
    evidence: Path,
) -> None:
    """The board reports nothing, or its commands; a contact that stays open lets no pulse through to be judged."""
    box = tmp_path / "board.loadbox.yaml"
    text = (FIXTURES / "loads/nmes-box-1.loadbox.yaml").read_text(encoding="utf-8")
    box.write_text(re.sub(r"relays: \[10(\d)\]", r"relays: [\1]", text), encoding="utf-8")
    bench = bench_file(
        ("driver: keysight-34970a", f"driver: {board}"),
        (IDENTITY, BOARDS[board]),
        (f"{FIXTURES.as_posix()}/loads/nmes-box-1.loadbox.yaml", box.as_posix()),
        faults=f"{{instrument: switch, kind: {fault}}}" if fault else "",
    )
    done = rig("run", plan_file(text=TWO_LOADS), "--bench", bench)
    cases = one_record_per_case(the_record(evidence))
    assert {name: case["verdict"] for name, case in cases.items()} == verdicts, done.stdout + done.stderr
    assert "Traceback" not in ended(done, done.returncode)
    assert (done.returncode == 0) == (set(verdicts.values()) == {"PASS"})
    for case in cases.values():
        if case["verdict"] == "ERROR":
            assert case["error"]["stage"] == "verifying the load"
            assert (NO_CURRENT if fault == "stuck_open" else DOUBT) in case["error"]["message"]
