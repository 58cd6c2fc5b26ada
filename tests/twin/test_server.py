"""The virtual bench as a process: what it says, how it ends, and that nothing of it remains."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import Any

import pytest

from rig.errors import BenchError
from rig.twin.config import TwinConfig
from rig.twin.server import serve

IDENTITY = {"manufacturer": "HASOMED", "model": "P24", "serial": "P24-000123", "firmware": "4.5.6"}
CONFIG: dict[str, Any] = {
    "seed": 1,
    "device": {"identity": IDENTITY, "faults": [{"kind": "amplitude_gain", "value": 1.25}]},
    "loads": {
        "500 ohm": {
            "resistance": 500.12,
            "uncertainty": 0.05,
            "relays": [101],
            "parallel_capacitance": None,
            "series_resistance": None,
        }
    },
    "sense": {"resistance": 10.003, "uncertainty": 0.0005},
    "instruments": {
        "stimulator": {"protocol": "sciencemode4", "port": 0, "pty": True},
        "clock": {"protocol": "virtual-clock", "port": 0},
    },
}


def _start() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "rig.twin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _until_ready(process: subprocess.Popen[str], document: str) -> list[str]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(document + "\n")
    process.stdin.flush()
    lines = []
    while (line := process.stdout.readline().strip()) and line != "ready":
        lines.append(line)
    return lines


def test_it_says_what_listens_answers_and_ends_with_its_input() -> None:
    with _start() as process:
        lines = _until_ready(process, json.dumps(CONFIG))
        assert lines[0].startswith("stimulator sciencemode4 socket://127.0.0.1:")
        assert lines[-1].startswith("clock virtual-clock TCPIP::127.0.0.1::")
        if sys.platform != "win32":
            assert lines[1].startswith("stimulator sciencemode4 /dev/")
        port = int(lines[-1].split("::")[2])
        with socket.create_connection(("127.0.0.1", port), 5) as line:
            line.sendall(b"SYST:TIME:ADV 0.25;*OPC?;:SYST:TIME?\n")
            assert line.recv(100) == b"1;0.25\n"
            out, err = process.communicate(timeout=20)
        assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no signals to end a process kindly")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it(number: signal.Signals) -> None:
    with _start() as process:
        _until_ready(process, json.dumps(CONFIG, indent=2))
        os.kill(process.pid, number)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("", "no whole JSON document"),
        ("{nonsense", "no whole JSON document"),
        ('{"seed": 1}', "device: Field required"),
        (json.dumps({**CONFIG, "colour": "red"}), "colour: Extra inputs"),
        (json.dumps({**CONFIG, "instruments": {"x": {"protocol": "telepathy"}}}), "telepathy"),
    ],
)
def test_a_bad_configuration_is_refused_in_words(document: str, said: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "rig.twin"], input=document, capture_output=True, text=True, check=False, timeout=60
    )
    assert answer.returncode == 2
    assert said in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
    assert answer.stdout == ""


def test_a_port_in_use_is_said_and_what_had_started_is_stopped() -> None:
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        instruments = {**CONFIG["instruments"], "other": {"protocol": "virtual-clock", "port": port}}
        config = TwinConfig.model_validate({**CONFIG, "instruments": instruments})
        with pytest.raises(BenchError, match=f"other: cannot listen on port {port}"), serve(config):
            pytest.fail("it must not start")
    assert set(threading.enumerate()) <= before


def test_after_serving_no_thread_and_no_open_connection_remains() -> None:
    before = set(threading.enumerate())
    with serve(TwinConfig.model_validate(CONFIG)) as bench:
        port = int(bench.listening[-1].address.split("::")[2])
        line = socket.create_connection(("127.0.0.1", port), 5)
        line.sendall(b"*OPC?\n")
        assert line.recv(10) == b"1\n"
    assert set(threading.enumerate()) <= before
    assert line.recv(10) == b""
    line.close()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), 1)


def test_in_real_time_a_long_wait_does_not_hold_up_the_end() -> None:
    config = TwinConfig.model_validate({**CONFIG, "real_time": True})
    with serve(config) as bench:
        port = int(bench.listening[-1].address.split("::")[2])
        line = socket.create_connection(("127.0.0.1", port), 5)
        line.sendall(b"SYST:TIME:ADV 3600;*OPC?\n")
    line.close()
