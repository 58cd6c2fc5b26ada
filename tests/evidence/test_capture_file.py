from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.errors import EvidenceError
from rig.evidence.capture_file import capture_bytes, read_capture
from rig.model.waveform import Capture, Purpose, Waveform
from rig.units import Unit


def waveform(samples: Any, **more: Any) -> Waveform:
    return Waveform(**({"samples": samples, "interval": 1e-6, "unit": Unit.VOLT, "source": "scope:1"} | more))


def capture(**waveforms: Waveform) -> Capture:
    return Capture(id="smoke/signal", purpose=Purpose.SIGNAL, waveforms=waveforms, notes=("first", "zweite Größe"))


def same(one: Waveform, other: Waveform) -> bool:
    names = ("interval", "unit", "source", "gain", "offset", "start", "rails", "hole", "history")
    return (
        one.samples.dtype == other.samples.dtype
        and one.samples.tobytes() == other.samples.tobytes()
        and all(getattr(one, name) == getattr(other, name) for name in names)
    )


WAVEFORMS = st.builds(
    waveform,
    st.one_of(
        st.lists(st.integers(-32768, 32767), max_size=50).map(lambda codes: np.array(codes, dtype=np.int16)),
        st.lists(st.integers(0, 255), max_size=50).map(lambda codes: np.array(codes, dtype=np.uint8)),
        st.lists(st.floats(width=64), max_size=50).map(lambda values: np.array(values, dtype=np.float64)),
    ),
    interval=st.floats(1e-12, 1e3),
    unit=st.sampled_from(Unit),
    source=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    gain=st.floats(allow_nan=False, allow_infinity=False),
    offset=st.floats(allow_nan=False, allow_infinity=False),
    start=st.floats(-1e3, 1e3),
    rails=st.one_of(st.none(), st.tuples(st.floats(-1e9, 0), st.floats(0, 1e9))),
    hole=st.one_of(st.none(), st.integers(-(2**31), 2**31)),
    history=st.lists(st.text("abcäµ ", min_size=1), max_size=3).map(tuple),
)


@settings(max_examples=50)
@given(st.dictionaries(st.text("abAB./é", max_size=5), WAVEFORMS, max_size=3))
def test_a_capture_is_read_back_exactly_whatever_its_signals_are_called(
    tmp_path_factory: pytest.TempPathFactory, waveforms: dict[str, Waveform]
) -> None:
    path = tmp_path_factory.mktemp("capture") / "capture.h5"
    path.write_bytes(capture_bytes(capture(**waveforms)))
    found = read_capture(path)
    assert found.keys() == waveforms.keys()
    assert all(same(found[signal], waveforms[signal]) for signal in waveforms)


def test_equal_captures_give_equal_bytes_in_another_process_and_another_order() -> None:
    script = (
        "import hashlib, numpy as np\n"
        "from rig.evidence.capture_file import capture_bytes\n"
        "from rig.model.waveform import *\nfrom rig.units import Unit\n"
        "make = lambda k: Waveform(samples=(np.arange(300000) * k % 4001).astype(np.int16), interval=1e-6,"
        " unit=Unit.VOLT, source='scope:1', history=('read', 'scaled'))\n"
        "signals = {'voltage': make(7), 'current': make(11)}\n"
        "if REVERSED: signals = dict(reversed(signals.items()))\n"
        "made = Capture(id='x', purpose=Purpose.SIGNAL, waveforms=signals)\n"
        "print(hashlib.sha256(capture_bytes(made)).hexdigest())\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script.replace("REVERSED", flag)], check=True, capture_output=True, text=True
        ).stdout
        for flag in ("True", "False")
    }
    assert len(digests) == 1


def test_codes_are_compressed_and_values_are_not(tmp_path: Path) -> None:
    codes, values = np.zeros(10_000, dtype=np.int16), np.zeros(10_000)
    path = tmp_path / "capture.h5"
    path.write_bytes(capture_bytes(capture(voltage=waveform(codes), current=waveform(values))))
    with h5py.File(path) as file:
        voltage, current = file["voltage"], file["current"]
        assert (voltage.compression, voltage.compression_opts, voltage.shuffle) == ("gzip", 1, True)
        assert current.compression is None
        assert (file.attrs["purpose"], file.attrs["id"], bool(file.attrs["triggered"])) == (
            b"signal",
            b"smoke/signal",
            True,
        )
        assert [note.decode() for note in file.attrs["notes"]] == ["first", "zweite Größe"]


def test_what_is_read_cannot_be_changed(tmp_path: Path) -> None:
    path = tmp_path / "capture.h5"
    path.write_bytes(capture_bytes(capture(voltage=waveform(np.arange(5, dtype=np.int16)))))
    with pytest.raises(ValueError, match="read-only"):
        read_capture(path)["voltage"].samples[0] = 1


@pytest.mark.parametrize("content", [b"", b"not HDF5", b"\x89HDF\r\n\x1a\n" + b"\0" * 100])
def test_what_is_not_a_capture_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "capture.h5"
    path.write_bytes(content)
    with pytest.raises(EvidenceError, match=r"capture\.h5 cannot be read as a capture"):
        read_capture(path)


def test_a_missing_or_truncated_capture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="cannot be read"):
        read_capture(tmp_path / "nothing.h5")
    whole = capture_bytes(capture(voltage=waveform(np.arange(50_000, dtype=np.int16))))
    (tmp_path / "cut.h5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(EvidenceError, match="cannot be read"):
        read_capture(tmp_path / "cut.h5")


def test_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.h5"
    with h5py.File(path, "w") as file:
        file.attrs["format"] = np.bytes_(b"rig-capture/2")
    with pytest.raises(EvidenceError, match="not a capture of format rig-capture/1"):
        read_capture(path)
    with h5py.File(path, "w") as file:
        file.attrs["format"] = np.bytes_(b"rig-capture/1")
        file.create_dataset("voltage", data=[1, 2])
    with pytest.raises(EvidenceError, match="cannot be read as a capture"):
        read_capture(path)
