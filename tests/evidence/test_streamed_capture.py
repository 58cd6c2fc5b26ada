"""A capture written while it is taken: what comes back is what was given, and what cannot be written is said."""

from __future__ import annotations

import errno
import itertools
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.errors import EvidenceError
from rig.evidence.capture_file import CHUNK, read_capture
from rig.evidence.cut_off_capture import left_captures
from rig.evidence.long_capture import altered_pieces, open_long_capture, open_signals, read_signals
from rig.evidence.pieces import read_index
from rig.evidence.record import FileEntry
from rig.evidence.store import Bundle, verify
from rig.evidence.streaming import CaptureWriter
from rig.model.recording import Recording
from rig.model.waveform import Purpose, Waveform
from rig.units import Unit

INTERVAL = 1e-6


def block(samples: Any, start: float = 0.0, **more: Any) -> Waveform:
    given = {"samples": samples, "interval": INTERVAL, "start": start, "unit": Unit.VOLT, "source": "daq:ai0"}
    return Waveform(**(given | {"gain": 1e-4, "offset": 2e-4, "rails": (-32768.0, 32767.0)} | more))


def codes(length: int, seed: int = 0) -> np.ndarray[Any, np.dtype[np.int16]]:
    return np.rint(np.random.default_rng(seed).normal(0.0, 900.0, length)).astype(np.int16)


def streamed(bundle: Bundle, samples: Any, cuts: list[int], *, piece: int, start: float = -1e-3) -> Path:
    with bundle.stream_capture("P.c.01-signal", Purpose.SIGNAL, piece=piece) as writer:
        bounds = [0, *sorted(cuts), len(samples)]
        for begin, stop in itertools.pairwise(bounds):
            writer.append("current", block(samples[begin:stop], start + begin * INTERVAL))
        kept = writer.finish(notes=("as wanted",))
    return bundle.folder / kept.source.file


@settings(max_examples=30, deadline=None)
@given(
    length=st.integers(1, 3000),
    piece=st.integers(200, 1500),
    cuts=st.lists(st.integers(0, 3000), max_size=6),
    ends=st.tuples(st.integers(0, 3000), st.integers(0, 3000)),
    values=st.booleans(),
)
def test_what_is_read_is_what_was_given_however_it_was_cut(
    tmp_path_factory: pytest.TempPathFactory,
    length: int,
    piece: int,
    cuts: list[int],
    ends: tuple[int, int],
    values: bool,
) -> None:
    samples = codes(length).astype(np.float64) if values else codes(length)
    bundle = Bundle.create(tmp_path_factory.mktemp("run"), "r")
    index = streamed(bundle, samples, [cut for cut in cuts if cut <= length], piece=piece)
    begin, stop = sorted(min(end, length) for end in ends)
    with open_long_capture(index) as capture:
        found = capture.recordings["current"]
        assert len(found) == length
        assert found.scale.samples.dtype == samples.dtype
        assert np.array_equal(found.read(0, length), samples)
        assert np.array_equal(found.read(begin, stop), samples[begin:stop])
        assert (found.scale.start, found.scale.gain, found.scale.rails) == (-1e-3, 1e-4, (-32768.0, 32767.0))
        assert (capture.id, capture.triggered, capture.notes) == ("P.c.01-signal", True, ("as wanted",))
    (signal,) = read_index(index.parent).signals
    assert all(one.samples == piece for one in signal.pieces[:-1])
    assert altered_pieces(index.parent) == ()


def test_each_piece_is_a_capture_of_its_own_on_the_same_time_axis(tmp_path: Path) -> None:
    samples = codes(2 * CHUNK + 70_000)
    piece = CHUNK + 50_000
    index = streamed(Bundle.create(tmp_path, "r"), samples, [], piece=piece)
    second = read_capture(index.parent / "current-0002.h5")["current"]
    assert np.array_equal(second.samples, samples[piece:])
    assert second.start == pytest.approx(-1e-3 + piece * INTERVAL)


def test_equal_captures_give_equal_files_however_the_blocks_came(tmp_path: Path) -> None:
    samples = codes(CHUNK + 9000)
    one = streamed(Bundle.create(tmp_path, "a"), samples, [17, 5000, CHUNK], piece=CHUNK)
    other = streamed(Bundle.create(tmp_path, "b"), samples, [100_000], piece=CHUNK)
    assert one.read_bytes() == other.read_bytes()


def test_the_overview_holds_every_extreme(tmp_path: Path) -> None:
    samples = codes(2 * CHUNK + 777)
    samples[[5, CHUNK + 3, -1]] = [20_000, -21_000, 22_000]
    found = read_signals(streamed(Bundle.create(tmp_path, "r"), samples, [], piece=CHUNK + 1000))["current"]
    assert isinstance(found, Recording)
    assert found.overview is not None
    seen = found.overview()
    bounds = [*seen.begins, len(samples)]
    for number, (begin, stop) in enumerate(itertools.pairwise(bounds)):
        assert seen.least[number] == samples[begin:stop].min()
        assert seen.greatest[number] == samples[begin:stop].max()
    assert (found.rescaled(gain=2.0, offset=0.0, unit=Unit.AMPERE, note="x").overview or list)() is not None
    assert found.stretch(0, 10).overview is None


def test_several_signals_are_kept_side_by_side(tmp_path: Path) -> None:
    bundle = Bundle.create(tmp_path, "r")
    current, voltage = codes(5000, 1), codes(321, 2)
    with bundle.stream_capture("c", Purpose.SIGNAL, piece=2000) as writer:
        writer.append("current", block(current[:2500]))
        writer.append("voltage", block(voltage, -1e-4, source="scope:1", interval=5e-7))
        writer.append("current", block(current[2500:], 2500 * INTERVAL))
        kept = writer.finish()
    assert kept.samples == {"current": 5000, "voltage": 321}
    assert [Path(piece.file).name for piece in kept.pieces] == [
        "current-0001.h5", "current-0002.h5", "current-0003.h5", "voltage-0001.h5",
    ]  # fmt: skip
    with open_signals(bundle.folder / kept.source.file) as signals:
        assert np.array_equal(signals["voltage"].read(0, 321), voltage)
        assert np.array_equal(signals["current"].read(0, 5000), current)
    bundle.seal()
    assert verify(bundle.folder) == ()
    piece = bundle.folder / kept.pieces[1].file
    content = piece.read_bytes()
    piece.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert verify(bundle.folder) == (f"{kept.pieces[1].file}: altered",)
    assert altered_pieces(piece.parent) == ("current-0002.h5: altered",)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (block(codes(10), 101 * INTERVAL), "begins at 0.000101 s and not where the one before it ended, at 0.0001 s"),
        (block(codes(10), 0.0), "begins at 0 s"),
        (block(codes(10), 100 * INTERVAL, gain=2e-4), "mean something else"),
        (block(codes(10), 100 * INTERVAL, interval=2e-6), "mean something else"),
        (block(codes(10).astype(np.int32), 100 * INTERVAL), "mean something else"),
        (block(codes(10), 100 * INTERVAL, unit=Unit.AMPERE), "mean something else"),
    ],
)
def test_a_block_that_does_not_follow_is_refused(tmp_path: Path, second: Waveform, message: str) -> None:
    bundle = Bundle.create(tmp_path, "r")
    with bundle.stream_capture("c", Purpose.SIGNAL) as writer:
        writer.append("current", block(codes(100)))
        with pytest.raises(EvidenceError, match=message):
            writer.append("current", second)
        writer.append("current", block(codes(10), 100 * INTERVAL))
        assert writer.finish().samples == {"current": 110}


def test_the_caller_s_own_array_may_change_afterwards(tmp_path: Path) -> None:
    room = codes(1000)
    given = room.copy()
    bundle = Bundle.create(tmp_path, "r")
    with bundle.stream_capture("c", Purpose.SIGNAL) as writer:
        writer.append("current", block(room))
        room[:] = 0
        kept = writer.finish()
    with open_long_capture(bundle.folder / kept.source.file) as capture:
        assert np.array_equal(capture.recordings["current"].read(0, 1000), given)


class SlowFiles:
    """Files that are written when they are let."""

    def __init__(self) -> None:
        self.let = threading.Event()

    def add_file(self, name: str, content: bytes, *, origin: str | None = None) -> FileEntry:
        self.let.wait(60)
        return FileEntry(origin=origin or name, file=name, sha256=f"{len(content):064x}")


class FullDisk:
    """Files of which none can be written."""

    def add_file(self, name: str, _content: bytes, *, origin: str | None = None) -> FileEntry:
        raise EvidenceError(f"{name} cannot be written to the evidence: No space left on device ({origin})")


def until(reached: Callable[[], bool]) -> None:
    deadline, pause = time.monotonic() + 60, threading.Event()
    while not reached():
        assert time.monotonic() < deadline
        pause.wait(0.01)


def test_a_disk_that_is_too_slow_is_told_and_memory_does_not_grow() -> None:
    files = SlowFiles()
    writer = CaptureWriter(files, "c", Purpose.SIGNAL, piece=1000, most_waiting=10_000)
    samples = codes(500)
    given = list[int]()

    def until_refused() -> None:
        while len(given) < 200:
            writer.append("current", block(samples, 500 * len(given) * INTERVAL))
            given.append(500)

    with pytest.raises(EvidenceError, match="samples come faster than the evidence can be written"):
        until_refused()
    assert writer.waiting <= 10_000
    # What waits, a piece that is being written, and blocks of it.
    assert sum(given) <= 2 * 1000 + 10_000 // 2
    files.let.set()
    assert writer.finish().samples == {"current": sum(given)}


def test_who_can_wait_is_let_wait_until_there_is_room(tmp_path: Path) -> None:
    bundle, samples = Bundle.create(tmp_path, "r"), codes(200_000)
    with bundle.stream_capture("c", Purpose.SIGNAL, piece=20_000, most_waiting=10_000, patience=60.0) as writer:
        current = writer.signal("current")
        for begin in range(0, len(samples), 4000):
            current.append(block(samples[begin : begin + 4000], begin * INTERVAL))
            assert writer.waiting <= 10_000
        kept = writer.finish()
    with open_signals(bundle.folder / kept.source.file) as signals:
        assert np.array_equal(signals["current"].read(0, len(samples)), samples)


def test_who_waits_for_room_is_told_when_nothing_can_be_written() -> None:
    with CaptureWriter(FullDisk(), "c", Purpose.SIGNAL, piece=1000, most_waiting=6000, patience=60.0) as writer:
        given = list[int]()

        def until_told() -> None:
            while True:
                writer.append("current", block(codes(500), 500 * len(given) * INTERVAL))
                given.append(500)

        with pytest.raises(EvidenceError, match="No space left on device"):
            until_told()


def test_a_disk_that_is_full_is_told_where_samples_come_from() -> None:
    with CaptureWriter(FullDisk(), "c", Purpose.SIGNAL, piece=1000) as writer:
        writer.append("current", block(codes(2500)))

        def told() -> bool:
            try:
                writer.append("current", block(codes(1), 2500 * INTERVAL))
            except EvidenceError as error:
                return "No space left on device" in str(error)
            return False

        until(lambda: not writer.waiting)
        assert told()
        with pytest.raises(EvidenceError, match="No space left"):
            writer.finish()
        assert writer.abandon("a full disk") is None


def test_a_full_disk_of_a_bundle_keeps_the_pieces_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = Bundle.create(tmp_path, "r")
    whole = bundle.add_file

    def full(name: str, content: bytes, *, origin: str | None = None) -> FileEntry:
        if name.endswith("0003.h5"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return whole(name, content, origin=origin)

    monkeypatch.setattr(bundle, "add_file", full)
    writer = bundle.stream_capture("c", Purpose.SIGNAL, piece=1000)
    writer.append("current", block(codes(5000)))
    until(lambda: not writer.waiting)
    kept = writer.abandon("the disk is full")
    assert kept is not None
    assert (kept.complete, kept.samples) == (False, {"current": 2000})
    with open_long_capture(bundle.folder / kept.source.file) as capture:
        assert np.array_equal(capture.recordings["current"].read(0, 2000), codes(5000)[:2000])
        assert capture.notes[0] == "the disk is full"
        assert "No space left" in capture.notes[1]
        assert capture.notes[-1] == "the capture was cut off"


def test_what_came_before_an_error_is_kept(tmp_path: Path) -> None:
    bundle = Bundle.create(tmp_path, "r")

    def cut_short() -> None:
        with bundle.stream_capture("c", Purpose.SIGNAL, piece=1000) as writer:
            writer.append("current", block(codes(1500)))
            raise KeyError("the guard tripped")

    with pytest.raises(KeyError):
        cut_short()
    with open_long_capture(bundle.folder / "captures" / "c") as capture:
        assert len(capture.recordings["current"]) == 1500
        assert "the guard tripped" in capture.notes[0]


def test_nothing_is_added_to_a_capture_that_is_finished(tmp_path: Path) -> None:
    bundle = Bundle.create(tmp_path, "r")
    with bundle.stream_capture("c", Purpose.SIGNAL) as writer:
        writer.append("current", block(codes(10)))
        writer.finish()
    with pytest.raises(EvidenceError, match="closed"):
        writer.append("current", block(codes(10), 10 * INTERVAL))
    with pytest.raises(EvidenceError, match="exists already"):
        bundle.stream_capture("c", Purpose.SIGNAL)
    bundle.seal()
    with pytest.raises(EvidenceError, match="sealed"):
        bundle.stream_capture("d", Purpose.SIGNAL)


# --- a run that was killed


def killed(tmp_path: Path) -> tuple[Bundle, Any]:
    """Return a bundle as a killed run leaves it: three pieces of a signal, and no index."""
    bundle, samples = Bundle.create(tmp_path, "r"), codes(3500)
    index = streamed(bundle, samples, [], piece=1000)
    index.unlink()
    (index.parent / "current-0004.h5").unlink()
    return bundle, samples


def test_the_whole_pieces_of_a_killed_run_become_a_capture(tmp_path: Path) -> None:
    bundle, samples = killed(tmp_path)
    (left,) = left_captures(bundle)
    assert [Path(piece.file).name for piece in left.pieces] == [f"current-000{number}.h5" for number in (1, 2, 3)]
    assert left.capture.notes == ("the run was cut off while this was captured", "the capture was cut off")
    found = read_signals(bundle.folder / left.source.file)["current"]
    assert isinstance(found, Recording)
    assert np.array_equal(found.read(0, 3000), samples[:3000])
    again = left_captures(bundle)
    assert (again[0].source, again[0].pieces) == (left.source, left.pieces)


def test_what_follows_a_piece_that_is_missing_or_damaged_is_not_made_part_of_it(tmp_path: Path) -> None:
    bundle, _ = killed(tmp_path)
    folder = bundle.folder / "captures" / "P.c.01-signal"
    folder = next((bundle.folder / "captures").iterdir())
    second = folder / "current-0002.h5"
    second.write_bytes(second.read_bytes()[:700])
    (left,) = left_captures(bundle)
    assert [Path(piece.file).name for piece in left.pieces] == ["current-0001.h5"]
    assert second.exists()


def test_a_folder_without_a_whole_piece_is_left_alone(tmp_path: Path) -> None:
    bundle = Bundle.create(tmp_path, "r")
    bundle.stream_capture("c", Purpose.SIGNAL)
    assert left_captures(bundle) == ()
    assert list((bundle.folder / "captures" / "c").iterdir()) == []


# --- what is not a capture


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read"), (b"{}", "is no capture in pieces"), (b"[", "is no capture in pieces")],
)
def test_an_index_that_is_none_is_told(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "capture.json").write_bytes(content)
    with pytest.raises(EvidenceError, match=message), open_long_capture(tmp_path):
        pass


def test_a_piece_that_is_missing_or_shorter_than_stated_is_told(tmp_path: Path) -> None:
    index = streamed(Bundle.create(tmp_path, "r"), codes(2500), [], piece=1000)
    second, third = (index.parent / f"current-000{number}.h5" for number in (2, 3))
    third.write_bytes(second.read_bytes())
    with open_long_capture(index) as capture:
        with pytest.raises(EvidenceError, match="holds 1000 samples, not 500"):
            capture.recordings["current"].read(2000, 2500)
        second.unlink()
        with pytest.raises(EvidenceError, match=r"current-0002\.h5 cannot be read as a piece"):
            capture.recordings["current"].read(0, 2500)
    assert altered_pieces(index.parent) == ("current-0002.h5: missing", "current-0003.h5: altered")
