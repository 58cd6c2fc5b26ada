from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rig.acquisition.capture import Seen
from rig.bench.reading import load_bench
from rig.errors import CommunicationError
from rig.evidence.store import Bundle
from rig.model.picture import Picture
from rig.model.setup import DigitizerSetup
from rig.model.waveform import Capture, Purpose, Waveform
from rig.sequencer.keeping import Keeping
from rig.units import Unit

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
BENCH = Path(__file__).parents[2] / "fixtures/benches/virtual.bench.yaml"


@pytest.fixture
def keeping(tmp_path: Path) -> Keeping:
    keeping = Keeping(Bundle.create(tmp_path, "a-run"), load_bench(BENCH))
    waveform = Waveform(samples=np.zeros(10, np.int16), interval=1e-6, unit=Unit.VOLT, source="daq:ai0")
    capture = Capture(id="sys.a.01-signal", purpose=Purpose.SIGNAL, waveforms={"current": waveform})
    setup = DigitizerSetup(channels={"ai0": 1.0}, rate=1e6, samples=10)
    keeping.keep(Seen(capture=capture, setups={"current": setup}), None)
    return keeping


def test_a_picture_is_kept_byte_for_byte_beside_its_capture(keeping: Keeping, tmp_path: Path) -> None:
    keeping.picture(lambda: Picture(data=PNG, source="scope"))
    (entry,) = keeping.entries
    assert entry.screenshot is not None
    assert entry.screenshot.file == "screenshots/sys.a.01-signal.png"
    assert (tmp_path / "a-run" / entry.screenshot.file).read_bytes() == PNG


def test_what_is_no_picture_is_not_kept_as_one(keeping: Keeping) -> None:
    keeping.picture(lambda: Picture(data=b"<html>", source="scope"))
    (entry,) = keeping.entries
    assert entry.screenshot is None
    assert entry.no_screenshot == "scope sent 6 bytes that are no picture"


def test_an_oscilloscope_that_sends_none_costs_no_verdict(keeping: Keeping) -> None:
    def nothing() -> Picture:
        raise CommunicationError("scope", ":DISPlay:DATA?", "no reply in time")

    keeping.picture(nothing)
    assert "no reply in time" in keeping.entries[0].no_screenshot


@pytest.mark.parametrize(
    ("data", "format_"), [(b"BM\x00", "bmp"), (b"\xff\xd8\xff\xe0", "jpg"), (b"", ""), (b"PNG", "")]
)
def test_a_picture_is_known_by_how_it_begins(data: bytes, format_: str) -> None:
    assert Picture(data=data, source="scope").format == format_
