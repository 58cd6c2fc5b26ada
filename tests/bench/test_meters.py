"""Multimeters as transcripts: what is set is read back, and what they cannot read is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from rig.bench.drivers.dc_meter import DcMeter
from rig.bench.drivers.keysight_34461a import Keysight34461A
from rig.bench.drivers.keysight_34970a_meter import Keysight34970AMeter
from rig.errors import CommunicationError, InstrumentError, Refused, RigError
from rig.roles import Multimeter, SelfTesting
from tests.bench.scripted_peer import Peer, transcript

Step = tuple[bytes | str, bytes | str | Sequence[bytes | None]]
NO_ERROR: Step = (":SYSTem:ERRor?", '+0,"No error"')


def truevolt(peer: Peer, timeout: float = 60.0) -> DcMeter:
    return Keysight34461A("dmm", peer.visa, timeout=timeout)


def scanner(peer: Peer, timeout: float = 60.0) -> DcMeter:
    return Keysight34970AMeter("dmm", peer.visa, channel=103, timeout=timeout)


def sent(*commands: str) -> list[Step]:
    return [*((command, "") for command in commands), NO_ERROR]


TRUEVOLT = sent("*CLS", "CONF:VOLT:DC 10", "VOLT:DC:NPLC 10", "SAMP:COUN 2")
TRUEVOLT_STANDS: list[Step] = [("VOLT:DC:RANG?", "+1.00000000E+01"), ("VOLT:DC:NPLC?", "+1.00000000E+01")]
SCANNER = sent("*CLS", "CONF:VOLT:DC 10,(@103)", "VOLT:DC:NPLC 10,(@103)")
SCANNER_STANDS: list[Step] = [
    ("VOLT:DC:RANG? (@103)", "+1.00000000E+01"),
    ("VOLT:DC:NPLC? (@103)", "+1.00000000E+01"),
]
BOTH = [
    pytest.param(truevolt, TRUEVOLT, TRUEVOLT_STANDS, ["+1.25000000E-03,-2.50000000E-04"], id="34461a"),
    pytest.param(scanner, SCANNER, SCANNER_STANDS, ["+1.25000000E-03", "-2.50000000E-04"], id="34970a"),
]


@pytest.mark.supports("keysight-34461a", "driver")
@pytest.mark.supports("keysight-34461a", "transcript")
@pytest.mark.supports("keysight-34970a-meter", "driver")
@pytest.mark.supports("keysight-34970a-meter", "transcript")
@pytest.mark.parametrize(("opened", "setting", "stands", "replies"), BOTH)
def test_readings_with_the_range_that_they_are_of(
    opened: Callable[[Peer], DcMeter], setting: list[Step], stands: list[Step], replies: list[str]
) -> None:
    read: list[Step] = [("READ?", reply) for reply in replies]
    with transcript(*setting, *stands, *read, stands[0]) as peer:
        meter = opened(peer)
        assert isinstance(meter, Multimeter)
        assert isinstance(meter, SelfTesting)
        found = meter.measure_dc_voltage(full_scale=10.0, power_line_cycles=10.0, count=2)
        assert found.values == (1.25e-3, -2.5e-4)
        assert found.mean == pytest.approx(5e-4)
        assert (found.full_scale, found.power_line_cycles) == (10.0, 10.0)
        meter.close()


def test_a_range_that_the_instrument_chooses_is_asked_for_afterwards() -> None:
    setting = sent("*CLS", "CONF:VOLT:DC AUTO", "VOLT:DC:NPLC 100", "SAMP:COUN 1")
    with transcript(
        *setting,
        ("VOLT:DC:NPLC?", "+1.00000000E+02"),
        ("READ?", "+4.00000000E-02"),
        ("VOLT:DC:RANG?", "+1.00000000E-01"),
    ) as peer:
        meter = truevolt(peer)
        found = meter.measure_dc_voltage(full_scale=None, power_line_cycles=100.0)
        assert (found.values, found.full_scale) == ((0.04,), 0.1)
        meter.close()


def test_a_34970a_says_whether_it_has_a_multimeter() -> None:
    idn: Step = ("*IDN?", "HEWLETT-PACKARD,34970A,0,13-2-2")
    with transcript(idn, ("INST:DMM?", "1"), idn, ("INST:DMM?", "0")) as peer:
        meter = scanner(peer)
        assert meter.identify().model == "34970A"
        with pytest.raises(InstrumentError, match="it has no multimeter, or does not use it"):
            meter.identify()
        meter.close()


@pytest.mark.parametrize(
    ("opened", "asked", "message"),
    [
        (truevolt, {"full_scale": 5.0}, "no range of 5 V; there are 0.1, 1, 10, 100, 1000 V"),
        (scanner, {"full_scale": 1000.0}, "no range of 1000 V; there are 0.1, 1, 10, 100, 300 V"),
        (truevolt, {"full_scale": 1.0, "power_line_cycles": 5.0}, "integrates over 0.02, 0.2, 1, 10, 100 periods"),
        (scanner, {"full_scale": 1.0, "power_line_cycles": 50.0}, "not over 50"),
        (truevolt, {"full_scale": None, "count": 0}, "1 to 10000 readings at once, not 0"),
        (truevolt, {"full_scale": None, "count": 10_001}, "not 10001"),
    ],
)
def test_what_it_cannot_be_set_to_is_refused_before_anything_is_said(
    opened: Callable[[Peer], DcMeter], asked: dict[str, float], message: str
) -> None:
    with transcript() as peer:
        meter = opened(peer)
        with pytest.raises(Refused, match=message):
            meter.measure_dc_voltage(**asked)  # type: ignore[arg-type]  # counts among floats
        meter.close()


@pytest.mark.parametrize(
    ("after", "kind", "message"),
    [
        ([("VOLT:DC:RANG?", "+1.00000000E+02")], InstrumentError, "it is set to 100 instead of 10"),
        ([TRUEVOLT_STANDS[0], ("VOLT:DC:NPLC?", "+1.0E+00")], InstrumentError, "it is set to 1 instead of 10"),
        ([*TRUEVOLT_STANDS, ("READ?", "+9.90000000E+37,+1.0E+00")], InstrumentError, "the input is beyond the range"),
        ([*TRUEVOLT_STANDS, ("READ?", "-9.90000000E+37,+1.0E+00")], InstrumentError, "the input is beyond the range"),
        ([*TRUEVOLT_STANDS, ("READ?", "+1.25000000E-03")], InstrumentError, "instead of 2 numbers"),
        ([*TRUEVOLT_STANDS, ("READ?", "+1.2E-03,+1.2E-03,+1.2E-03")], InstrumentError, "instead of 2 numbers"),
        ([*TRUEVOLT_STANDS, ("READ?", "+1.2E-03,nan")], InstrumentError, "instead of 2 numbers"),
        ([*TRUEVOLT_STANDS, ("READ?", "one,two")], InstrumentError, "instead of numbers"),
        ([*TRUEVOLT_STANDS, ("READ?", [b"+1.2500000", None])], CommunicationError, "dmm: .READ"),
        ([*TRUEVOLT_STANDS, ("READ?", [None])], CommunicationError, "dmm: .READ"),
    ],
)
def test_what_must_not_be_believed(after: list[Step], kind: type[RigError], message: str) -> None:
    with transcript(*TRUEVOLT, *after) as peer:
        meter = truevolt(peer)
        with pytest.raises(kind, match=message):
            meter.measure_dc_voltage(full_scale=10.0, power_line_cycles=10.0, count=2)
        meter.close()


def test_a_complaint_about_the_setting_is_raised() -> None:
    told = TRUEVOLT[:-1]
    with transcript(*told, (":SYSTem:ERRor?", '-222,"Data out of range"'), NO_ERROR) as peer:
        meter = truevolt(peer)
        with pytest.raises(InstrumentError, match="Data out of range"):
            meter.measure_dc_voltage(full_scale=10.0, count=2)
        meter.close()


ONE = [*sent("*CLS", "CONF:VOLT:DC 10", "VOLT:DC:NPLC 10", "SAMP:COUN 1"), *TRUEVOLT_STANDS]
BEGUN = [
    pytest.param(truevolt, ONE, id="34461a"),
    pytest.param(scanner, [*SCANNER, *SCANNER_STANDS], id="34970a"),
]


@pytest.mark.parametrize(("opened", "prepared"), BEGUN)
def test_a_reading_that_is_begun_is_fetched_afterwards(opened: Callable[[Peer], DcMeter], prepared: list[Step]) -> None:
    with transcript(*prepared, ("INIT", ""), ("FETC?", "+1.25000000E-03"), NO_ERROR) as peer:
        meter = opened(peer)
        meter.prepare_dc_voltage(full_scale=10.0, power_line_cycles=10.0)
        meter.begin_reading()
        found = meter.fetch_reading()
        assert (found.values, found.full_scale, found.aperture) == ((1.25e-3,), 10.0, 0.2)
        assert found.latency > 0
        with pytest.raises(InstrumentError, match="no reading was begun"):
            meter.fetch_reading()
        meter.close()


def test_no_reading_is_begun_that_was_not_prepared() -> None:
    with transcript() as peer:
        meter = truevolt(peer)
        with pytest.raises(InstrumentError, match="no reading was prepared"):
            meter.begin_reading()
        with pytest.raises(InstrumentError, match="no reading was begun"):
            meter.fetch_reading()
        meter.close()


@pytest.mark.parametrize(
    ("reply", "then", "message"),
    [
        ("+9.90000000E+37", [], "the input is beyond the range"),
        ("+1.2E-03,+1.2E-03", [], "instead of 1 numbers"),
        ("+1.2E-03", [(":SYSTem:ERRor?", '-213,"INIT ignored"'), NO_ERROR], "INIT ignored"),
    ],
)
def test_what_is_fetched_and_must_not_be_believed(reply: str, then: list[Step], message: str) -> None:
    with transcript(*ONE, ("INIT", ""), ("FETC?", reply), *then) as peer:
        meter = truevolt(peer)
        meter.prepare_dc_voltage(full_scale=10.0, power_line_cycles=10.0)
        meter.begin_reading()
        with pytest.raises(InstrumentError, match=message):
            meter.fetch_reading()
        meter.close()
