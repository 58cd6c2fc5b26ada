"""What the InfiniiVision driver can do beyond single captures of plain samples, as transcripts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rig.bench.bench_file import InstrumentEntry
from rig.bench.drivers.keysight_infiniivision import KeysightInfiniiVision, opened
from rig.bench.opening import Opening
from rig.errors import InstrumentError, Refused
from rig.model.setup import Coupling, Reduction, ScopeChannel, ScopeSetup, Trigger
from tests.bench.scripted_peer import LineServer, ManualClock, Peer

SETUP = ScopeSetup(
    channels={1: ScopeChannel(full_scale=400.0, probe=10.0, coupling=Coupling.AC)},
    window=0.02,
    points=4,
    trigger=Trigger(channel=1, level=5.0, slope=1),
)
ANSWERS: dict[str, bytes | str] = {
    "*IDN?": "KEYSIGHT TECHNOLOGIES,DSO-X 3034A,MY12345678,02.50.2019022736",
    ":SYSTem:ERRor?": '+0,"No error"',
    ":CHANnel1:RANGe?": "+400E+00",
    ":CHANnel1:PROBe?": "+10E+00",
    ":CHANnel1:OFFSet?": "+0.0E+00",
    ":CHANnel1:BWLimit?": "0",
    ":TIMebase:RANGe?": "+2.00E-02",
    ":TIMebase:POSition?": "+8.0E-03",
    ":TRIGger:EDGE:LEVel?": "+5.00E+00",
    ":OPERegister:CONDition?": "+0",
    ":WAVeform:PREamble?": "+1,+0,+4,+1,+1.0E-06,-2.0E-03,+0,+7.85E-03,+1.0E+00,+32768",
    ":WAVeform:DATA?": b"#800000008\x01\x00\x00\x80\x0a\x0a\xff\xff\n",
}


def scope(peer: Peer, samples: str = "WORD") -> KeysightInfiniiVision:
    return KeysightInfiniiVision(
        "scope", peer.visa, clock=ManualClock(), timeout=60.0, samples="BYTE" if samples == "BYTE" else "WORD"
    )


@pytest.mark.supports("keysight-infiniivision", "transcript")
def test_samples_of_one_byte_have_marks_of_their_own() -> None:
    record: dict[str, bytes | str] = {
        ":WAVeform:PREamble?": "+0,+0,+4,+1,+1.0E-06,-2.0E-03,+0,+2.0E+00,+1.0E+00,+128",
        ":WAVeform:DATA?": b"#800000004\x00\x01\x81\xff\n",
    }
    server = LineServer({**ANSWERS, **record})
    with Peer(server) as peer:
        driver = scope(peer, "BYTE")
        assert driver.configure(SETUP).channels[1].coupling is Coupling.AC
        waveform = driver.fetch(1)
        driver.close()
    assert {":WAVeform:FORMat BYTE", ":CHANnel1:COUPling AC"} <= set(server.lines)
    assert waveform.samples.tolist() == [0, 1, 129, 255]
    assert (waveform.hole, waveform.rails, waveform.values()[2]) == (0, (1, 255), pytest.approx(3.0))


def test_record_of_the_other_width_is_refused() -> None:
    with Peer(LineServer({**ANSWERS})) as peer:
        driver = scope(peer, "BYTE")
        driver.configure(SETUP)
        with pytest.raises(InstrumentError, match="answered"):
            driver.fetch(1)
        driver.close()


def test_mean_of_fewer_records_than_asked_for_is_refused() -> None:
    mean: dict[str, bytes | str] = {
        ":ACQuire:COUNt?": "+8",
        ":WAVeform:PREamble?": "+1,+2,+4,+5,+1.0E-06,-2.0E-03,+0,+7.85E-03,+1.0E+00,+32768",
    }
    server = LineServer({**ANSWERS, **mean})
    with Peer(server) as peer:
        driver = scope(peer)
        assert driver.configure(replace(SETUP, reduction=Reduction.AVERAGE, averages=8)).averages == 8
        with pytest.raises(InstrumentError, match="the mean of 5 instead of 8"):
            driver.fetch(1)
        driver.close()
    assert {":ACQuire:TYPE AVERage", ":ACQuire:COUNt 8", ":ACQuire:MODE RTIMe"} <= set(server.lines)


@pytest.mark.supports("keysight-infiniivision", "transcript", "deep memory")
def test_segments_lie_on_the_time_axis_of_the_first() -> None:
    more: dict[str, bytes | str] = {":ACQuire:SEGMented:COUNt?": "+3", ":WAVeform:SEGMented:TTAG?": "+20.0E-03"}
    server = LineServer({**ANSWERS, **more})
    with Peer(server) as peer:
        driver = scope(peer)
        assert driver.configure(replace(SETUP, segments=3)).segments == 3
        waveform = driver.fetch(1, 2)
        with pytest.raises(InstrumentError, match="no segment 4"):
            driver.fetch(1, 4)
        driver.close()
    assert waveform.start == pytest.approx(18e-3)
    assert {":ACQuire:MODE SEGMented", ":ACQuire:SEGMented:COUNt 3", ":ACQuire:SEGMented:INDex 2"} <= set(server.lines)


def test_memory_for_fewer_segments_than_asked_for_is_refused() -> None:
    with Peer(LineServer({**ANSWERS, ":ACQuire:SEGMented:COUNt?": "+250"})) as peer:
        driver = scope(peer)
        with pytest.raises(InstrumentError, match="its memory holds 250"):
            driver.configure(replace(SETUP, segments=500))
        with pytest.raises(InstrumentError, match="1 to 1000"):
            driver.configure(replace(SETUP, segments=1001))
        driver.close()


@pytest.mark.supports("keysight-infiniivision", "screenshot")
def test_screenshot() -> None:
    png = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    with Peer(LineServer({**ANSWERS, ":DISPlay:DATA? PNG,COLor": b"#800000264" + png + b"\n"})) as peer:
        driver = scope(peer)
        assert driver.screenshot().data == png
        driver.close()


def test_bench_file_says_how_samples_are_read() -> None:
    entry = InstrumentEntry.model_validate({
        "role": "oscilloscope",
        "driver": "keysight-infiniivision",
        "address": "a",
        "options": {"samples": "FLOAT"},
    })
    with pytest.raises(Refused, match="BYTE or WORD"):
        opened(Opening(name="scope", entry=entry, address="a", clock=ManualClock()))
