"""A device that is set by hand: a person at a terminal is asked; without one, nothing is begun."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.running import ENVIRONMENT, FIXTURES, PLAN, ROOT, Command, Write, ended

PROMPT = re.compile(r"stimulator: [^\n]*: $")
SHORT = PLAN.replace("train: 0.2 s", "train: 0.2 s, interphase: 100 us")
ANSWERS = {
    "serial number": "0007",
    "set the channel": "yes",
    "set the shape": "yes",
    "set the polarity": "yes",
    "set the phase duration": "300 us",
    "set the interphase": "100 us",
    "set the rate": "50 Hz",
    "amplitude to 20 mA": "20 mA",
    "is all of it set": "yes",
    "STOP": "off",
}
# The child takes the terminal for its own: opened by a session's leader, it belongs to it.
TAKE = """
    import fcntl, os, sys, termios
    line = os.open(sys.argv[1], os.O_RDWR)
    fcntl.ioctl(line, termios.TIOCSCTTY, 0)
    for number in (0, 1, 2):
        os.dup2(line, number)
    os.execv(sys.executable, [sys.executable, "-m", *sys.argv[2:]])
"""

needs_terminals = pytest.mark.skipif(sys.platform == "win32", reason="this system has no pseudo-terminals")


class Person:
    """Reads the terminal and answers what is asked."""

    def __init__(self, ours: int, answers: dict[str, str]) -> None:
        self._ours, self._answers = ours, answers
        self.seen = ""
        self.asked: list[str] = []

    def sit(self, child: subprocess.Popen[bytes]) -> int:
        """Stay until the program has ended; return its exit code."""
        fresh = ""
        while True:
            ready, _, _ = select.select([self._ours], [], [], 0.2)
            data = b""
            if ready:
                with contextlib.suppress(OSError):  # the last one at the other end has gone
                    data = os.read(self._ours, 4096)
            if not data and child.poll() is not None:
                return child.wait(60)
            text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", data.decode("utf-8", "replace"))
            self.seen += text
            fresh = (fresh + text)[-2000:]
            if (found := PROMPT.search(fresh)) is not None:
                self._answer(found[0])
                fresh = ""

    def _answer(self, prompt: str) -> None:
        self.asked.append(prompt)
        for part, answer in self._answers.items():
            if part in prompt:
                os.write(self._ours, f"{answer}\n".encode())
                return


@pytest.fixture
def by_hand(bench_file: Write) -> Path:
    return bench_file(
        ("p24-healthy", "knobs"),
        ("driver: hasomed-sciencemode4\n    address: twin", "driver: front-panel\n    address: operator"),
    )


@contextlib.contextmanager
def at_a_terminal(*arguments: str | Path, answers: dict[str, str]) -> Iterator[tuple[int, Person]]:
    ours, theirs = os.openpty()
    command = [sys.executable, "-c", textwrap.dedent(TAKE), os.ttyname(theirs), *map(str, arguments)]
    environment = {**ENVIRONMENT, "TERM": "xterm", "COLUMNS": "300"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True) as child:
        try:
            person = Person(ours, answers)
            yield person.sit(child), person
        finally:
            child.kill()
            os.close(ours)
            os.close(theirs)


def journal_of(evidence: Path) -> list[dict[str, object]]:
    (run,) = evidence.iterdir()
    lines = (run / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@needs_terminals
@pytest.mark.supports("front-panel", "driver")
@pytest.mark.parametrize("door", ["rig", "pytest"])
def test_a_person_is_asked_for_everything_and_what_is_said_goes_on_record(
    door: str, by_hand: Path, plan_file: Write, evidence: Path
) -> None:
    """Nobody turns a knob of the virtual device, so nothing flows: that shows, and is no PASS."""
    front = (
        ("rig", "run") if door == "rig" else ("pytest", "-p", "rig.harness.plugin", "-p", "no:randomly", "-c/dev/null")
    )
    options = ("--bench", by_hand, "--evidence", evidence, "--operator", "A. Tester")
    with at_a_terminal(*front, plan_file(text=SHORT), *options, answers=ANSWERS) as (code, person):
        assert code != 0, person.seen
    parts = [next(part for part in ANSWERS if part in prompt) for prompt in person.asked]
    assert parts[0] == "serial number", person.seen
    assert parts[-2:] == ["is all of it set", "STOP"], person.seen
    assert set(parts) == set(ANSWERS)
    assert parts.count("set the rate") == 1, "the panel shows it already when the scout is over"
    assert "stimulator: START the output NOW" in person.seen
    assert "Traceback" not in person.seen
    facts = [(line["event"], line["facts"]) for line in journal_of(evidence)]
    answered = [one for event, one in facts if event == "operator answered"]
    assert [one["answer"] for one in answered if isinstance(one, dict)] == [ANSWERS[part] for part in parts]
    assert all(isinstance(one, dict) and one["operator"] == "A. Tester" for one in answered)
    (run,) = evidence.iterdir()
    record = json.loads((run / "record.json").read_text(encoding="utf-8"))
    assert "the device was set, started and stopped by hand, by A. Tester" in record["notes"]
    assert record["cases"][0]["realised"]["amplitude"]


@needs_terminals
def test_nobody_who_answers_ends_the_case_and_the_relays_are_opened_first(
    by_hand: Path, plan_file: Write, evidence: Path
) -> None:
    text = by_hand.read_text(encoding="utf-8")
    by_hand.write_text(text.replace("address: operator", "address: operator\n    options: {patience: 1.0}"), "utf-8")
    known = {part: answer for part, answer in ANSWERS.items() if part != "set the rate"}
    options = ("--bench", by_hand, "--evidence", evidence)
    with at_a_terminal("rig", "run", plan_file(text=SHORT), *options, answers=known) as (code, person):
        assert code == 3, person.seen
    assert "nobody has answered within 1 s" in person.seen
    (safe,) = [line["facts"] for line in journal_of(evidence) if line["event"] == "made safe"][:1]
    assert list(safe) == ["open all relays", "stop the stimulator"]  # type: ignore[call-overload] # JSON


def test_without_a_terminal_one_message_and_nothing_is_begun(by_hand: Path, plan_file: Write, evidence: Path) -> None:
    command = [sys.executable, "-m", "rig", "run", plan_file(), "--bench", by_hand, "--evidence", evidence]
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=110,
        check=False,
        start_new_session=True,
    )
    said = ended(done, 2)
    assert said.count("the device is set by hand: this needs a terminal to ask somebody at") == 1
    assert not evidence.exists()


def test_a_device_of_another_protocol_than_the_bench_drives_is_refused_at_its_place(
    rig: Command, by_hand: Path, plan_file: Write
) -> None:
    other = FIXTURES / "duts" / "p24-healthy.dut.yaml"
    said = ended(rig("run", plan_file(), "--bench", by_hand, "--dut", other), 2)
    line = next(k for k, text in enumerate(other.read_text("utf-8").splitlines(), 1) if text.startswith("protocol"))
    assert f"{other}:{line}:11: protocol: the device speaks hasomed-sciencemode4, and on the bench" in said
