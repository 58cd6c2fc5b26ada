"""The virtual oscilloscope, driven by real pyvisa: settings, arming, triggering, read-out, and what may go wrong."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import pyvisa
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rig.twin.config import InstrumentConfig, TwinConfig
from rig.twin.devices.infiniivision import Infiniivision
from rig.twin.stimulator import Point, Train
from rig.twin.world import World

IDENTITY = {
    "manufacturer": "KEYSIGHT TECHNOLOGIES",
    "model": "DSO-X 3034A",
    "serial": "MY12345678",
    "firmware": "02.50.2019022736",
}
WORLD = TwinConfig.model_validate({
    "seed": 7,
    "device": {"identity": {"manufacturer": "H", "model": "P24", "serial": "1", "firmware": "1"}},
    "loads": {"1 kohm": {"resistance": 1000.0, "relays": [103]}},
})
PULSE = (
    Point(current=10e-3, duration=200e-6),
    Point(current=0.0, duration=100e-6),
    Point(current=-10e-3, duration=200e-6),
)
TRAIN = Train(points=PULSE, period=20e-3, count=5)
SETUP = (
    ":CHANnel1:PROBe 10;:CHANnel1:RANGe 40;:TIMebase:REFerence LEFT;:TIMebase:SCALe 1E-4;"
    ":TRIGger:EDGE:SOURce CHANnel1;:TRIGger:EDGE:SLOPe POSitive;:TRIGger:EDGE:LEVel 5,CHANnel1"
)
RAW_WORDS = ":WAV:SOUR CHAN1;:WAV:POIN:MODE RAW;:WAV:POIN MAX;:WAV:FORM WORD;:WAV:BYT LSBF;:WAV:UNS 1"


class Bench:
    """A world with a load connected, an oscilloscope in it, and a VISA session with that."""

    def __init__(self, world: World, scope: Infiniivision, manager: pyvisa.ResourceManager, address: str) -> None:
        self.world, self.scope, self._manager, self._address = world, scope, manager, address
        self.connect()

    def connect(self) -> None:
        self.session: Any = self._manager.open_resource(
            self._address, read_termination="\n", write_termination="\n", timeout=30000
        )

    def ask(self, message: str) -> str:
        return str(self.session.query(message))

    def tell(self, message: str) -> None:
        self.session.write(message)

    def arm(self) -> None:
        self.tell("*CLS")
        self.tell(":SINGle")
        for _ in range(1000):
            if self.ask(":AER?") == "1":
                return
        pytest.fail("never armed")

    def until_done(self) -> None:
        for _ in range(1000):
            if not int(self.ask(":OPERegister:CONDition?")) & 8:
                return
        pytest.fail("never done")

    def preamble(self) -> list[float]:
        return [float(number) for number in self.ask(":WAVeform:PREamble?").split(",")]

    def words(self) -> npt.NDArray[np.uint16]:
        return np.array(self.session.query_binary_values(":WAVeform:DATA?", datatype="H"), dtype=np.uint16)

    def octets(self) -> bytes:
        return bytes(self.session.query_binary_values(":WAVeform:DATA?", datatype="B"))

    def errors(self) -> list[str]:
        found = []
        while (entry := self.ask(":SYSTem:ERRor?")) != '+0,"No error"':
            found.append(entry)
        return found

    def capture(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Times from the trigger (s) and voltages (V) of the record, by the guide's formulas."""
        self.tell(RAW_WORDS)
        pre, words = self.preamble(), self.words().astype(np.float64)
        return (np.arange(len(words), dtype=np.float64) - pre[6]) * pre[4] + pre[5], (words - pre[9]) * pre[7] + pre[8]


@contextmanager
def bench(*faults: dict[str, Any], **errors: Any) -> Iterator[Bench]:
    world = World(WORLD)
    world.switch(frozenset({103}))
    config = InstrumentConfig.model_validate({
        "protocol": "infiniivision",
        "identity": IDENTITY,
        "inputs": {"1": "voltage", "2": "current_sense"},
        "faults": faults,
        **errors,
    })
    scope = Infiniivision(name="scope", config=config, world=world, seed=7)
    (address,) = scope.start()
    manager = pyvisa.ResourceManager("@py")
    connected = Bench(world, scope, manager, address)
    try:
        yield connected
    finally:
        connected.session.close()
        manager.close()
        scope.stop()


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        ("*IDN?", "KEYSIGHT TECHNOLOGIES,DSO-X 3034A,MY12345678,02.50.2019022736"),
        ("*OPC?", "1"),
        (":SYSTem:ERRor?", '+0,"No error"'),
        (
            ":CHANnel1?",
            (
                ":CHAN1:RANG +40.0E+00;OFFS +0.00000E+00;COUP DC;IMP ONEM;DISP 1;BWL 0;INV 0;"
                'LAB "1";UNIT VOLT;PROB +10E+00;PROB:SKEW +0.00E+00;STYP SING'
            ),
        ),
        (":TIMebase?", ":TIM:MODE MAIN;REF CENT;MAIN:RANG +1.00E-03;POS +0.0E+00"),
        (":timebase:position 1;:timebase:position?", "+1.000000000000E+00"),
        (
            ":WAVeform:POINts 1000;:WAVeform?",
            ":WAV:UNS 1;VIEW MAIN;BYT MSBF;FORM BYTE;POIN +1000;SOUR CHAN1;SOUR:SUBS NONE",
        ),
        (":TRIGger:EDGE:SLOPe NEGative;:TRIG:SLOP?", "NEG"),
        (':CHANnel2:LABel "sense";:CHAN2:LAB?', '"SENSE"'),
    ],
)
def test_answers_as_the_real_instrument_does_after_reset(message: str, reply: str) -> None:
    with bench() as b:
        b.tell("*RST")
        assert b.ask(message) == reply


def test_preamble_after_reset_is_that_of_the_recorded_instrument() -> None:
    with bench() as b:
        b.tell("*RST;:WAVeform:FORMat WORD")
        pre = b.preamble()
    assert pre[:4] == [1, 0, 62500, 1]
    assert pre[4:7] == pytest.approx([1.6e-8, -5e-4, 0])
    assert pre[7] == pytest.approx(40 / (199 * 256), rel=1e-8)
    assert f"{pre[7]:.7g}" == "0.0007851759"
    assert pre[8:] == [0.0, 32768.0]


def test_byte_preamble_has_199_codes_over_the_range() -> None:
    with bench() as b:
        b.tell("*RST;:CHANnel1:OFFSet 3;:WAVeform:FORMat BYTE")
        assert b.preamble()[7:] == pytest.approx([40 / 199, 3.0, 128])


def test_another_probe_rescales_range_offset_and_trigger_level() -> None:
    with bench() as b:
        b.tell("*RST;:CHANnel1:PROBe 1;:CHANnel1:RANGe 8;:CHANnel1:OFFSet 0.5;:TRIGger:EDGE:LEVel 0.25,CHANnel1")
        b.tell(":CHANnel1:PROBe 10")
        replies = [float(b.ask(q)) for q in (":CHAN1:RANG?", ":CHAN1:SCAL?", ":CHAN1:OFFS?", ":TRIG:EDGE:LEV? CHAN1")]
    assert replies == [80.0, 10.0, 5.0, 2.5]


@pytest.mark.parametrize("errors", [{}, {"gain_error": 0.01, "offset_error": 0.02, "timebase_ppm": 25.0}])
def test_a_triggered_record_shows_the_world(errors: dict[str, Any]) -> None:
    with bench(**errors) as b:
        b.tell(SETUP)
        b.arm()
        b.world.begin(TRAIN)
        b.until_done()
        times, volts = b.capture()
        assert b.errors() == []
        record, end = b.scope._acquisition.record, b.scope._inputs._ends[1]
        assert record is not None
        truth = b.world.signal("voltage", record.trigger - 1e-3, record.trigger + 2e-3)
        assert truth.at(record.trigger) == pytest.approx(5.0, abs=1e-6)
        seen = truth.sample(record.trigger + times * end.timebase) * end.gain + end.offset(0.0)
    lsb = 40 / 199
    assert len(times) == 1_000_000
    assert (times[0], times[1] - times[0]) == pytest.approx((-1e-4, 1e-9))
    assert np.abs(volts - seen).max() <= lsb / 2 * (1 + 1e-6)
    assert volts.max() == pytest.approx(10.0, abs=0.2)
    assert volts.min() == pytest.approx(-10.0, abs=0.2)


def test_high_resolution_has_sixteen_times_finer_codes() -> None:
    with bench() as b:
        b.tell(f"{SETUP};:ACQuire:TYPE HRESolution")
        b.arm()
        b.world.begin(TRAIN)
        b.until_done()
        b.tell(RAW_WORDS)
        words = b.words()
        assert b.preamble()[1] == 3
    assert np.all(words % 16 == 0)
    assert np.any(words % 256 != 0)


def test_after_single_the_old_state_stands_until_the_instrument_is_armed() -> None:
    with bench() as b:
        b.scope.arming_latency = 50e-3
        b.tell(f"{SETUP};:TIMebase:REFerence CENTer;:TIMebase:SCALe 1E-3")
        b.tell(":STOP;*CLS")
        b.tell(":SINGle")
        assert b.ask(":OPERegister:CONDition?") == "+0"  # looks complete, and is not
        b.world.begin(TRAIN, latency=1e-3)  # too early: the first pulses pass unseen
        assert b.ask(":AER?") == "0"
        b.world.advance(48e-3)
        assert int(b.ask(":OPERegister:CONDition?")) == 8
        b.world.advance(5e-3)
        assert int(b.ask(":OPERegister:CONDition?")) == 8 | 32
        assert (b.ask(":AER?"), b.ask(":AER?")) == ("1", "0")
        b.world.advance(60e-3)
        assert int(b.ask(":OPERegister:CONDition?")) == 0
        assert (b.ask(":TER?"), b.ask(":TER?")) == ("1", "0")
        record = b.scope._acquisition.record
        pulses = b.world.pulses(0.0, 1.0)
        assert record is not None
    trigger_pulse = next(k for k, pulse in enumerate(pulses) if abs(pulse.start - record.trigger) < 1e-4)
    assert trigger_pulse == 3


def test_single_forces_sweep_normal_and_digitize_does_not() -> None:
    with bench() as b:
        b.tell("*RST;:DIGitize CHANnel1")
        assert b.ask("*OPC?") == "1"
        assert b.ask(":TRIGger:SWEep?") == "AUTO"
        b.tell(":SINGle")
        assert b.ask(":TRIGger:SWEep?") == "NORM"


def test_digitize_blocks_until_the_pulse_has_come() -> None:
    with bench() as b:
        b.tell(f"{SETUP};:TRIGger:SWEep NORMal")
        b.world.begin(TRAIN, latency=0.5)
        assert b.ask(":DIGitize CHANnel1;*OPC?") == "1"
        assert b.world.now == pytest.approx(0.5 + 0.9e-3 + 1e-3, abs=1e-5)
        assert np.abs(b.capture()[1]).max() > 9


def test_digitize_without_trigger_leaves_the_client_without_answer() -> None:
    with bench() as b:
        b.tell(f"{SETUP};:TRIGger:SWEep NORMal")
        b.session.timeout = 300
        with pytest.raises(pyvisa.VisaIOError):
            b.ask(":DIGitize CHANnel1;*OPC?")
        b.session.timeout = 30000
        b.tell(":STOP")
        assert b.ask("*OPC?") == "1"


def test_force_takes_a_record_without_trigger() -> None:
    with bench() as b:
        b.tell(SETUP)
        b.arm()
        b.tell(":TRIGger:FORCe")
        b.until_done()
        _, volts = b.capture()
    assert np.all(volts == 0.0)
    assert len(volts) == 1_000_000


def test_auto_sweep_goes_without_trigger() -> None:
    with bench() as b:
        b.tell(f"{SETUP};:TRIGger:SWEep AUTO")
        assert b.ask(":DIGitize CHANnel1;*OPC?") == "1"
        assert np.all(b.capture()[1] == 0.0)


def test_opc_tells_in_the_event_status_register_when_a_single_is_complete() -> None:
    with bench() as b:
        b.tell(SETUP)
        b.arm()
        b.tell("*OPC")
        assert int(b.ask("*ESR?")) & 1 == 0
        b.world.begin(TRAIN)
        b.world.advance(10e-3)
        assert int(b.ask("*ESR?")) & 1 == 1


@pytest.mark.parametrize(("unsigned", "low", "high"), [(1, 0x01, 0xFF), (0, 0x01 - 128 & 0xFF, 0xFF - 128 & 0xFF)])
def test_clipped_samples_have_their_codes(unsigned: int, low: int, high: int) -> None:
    with bench() as b:
        b.tell(f"{SETUP};:CHANnel1:RANGe 8;:TRIGger:EDGE:LEVel 2,CHANnel1")
        b.arm()
        b.world.begin(TRAIN)
        b.until_done()
        b.tell(f":WAV:POIN:MODE RAW;:WAV:POIN 10000;:WAV:FORM BYTE;:WAV:UNS {unsigned}")
        octets = b.octets()
        b.tell(RAW_WORDS)
        words = b.words()
    assert len(octets) == 10_000
    assert octets.count(low) == pytest.approx(2000, abs=60)
    assert octets.count(high) == pytest.approx(2000, abs=60)
    assert {int(words.min()), int(words.max())} == {0x0001, 0xFFFF}


def test_a_stopped_record_ends_in_holes() -> None:
    with bench() as b:
        b.tell(f"{SETUP};:TIMebase:SCALe 0.1")
        b.arm()
        b.world.begin(TRAIN)
        b.world.advance(0.202)
        b.tell(":STOP")
        b.tell(":WAV:POIN:MODE RAW;:WAV:POIN 1000;:WAV:FORM BYTE")
        octets = b.octets()
    assert octets.rstrip(b"\x00").count(0) == 0
    assert len(octets.rstrip(b"\x00")) == pytest.approx(301, abs=2)
    assert len(octets) == 1000


def test_text_holds_the_same_volts() -> None:
    with bench() as b:
        b.tell(SETUP)
        b.arm()
        b.world.begin(TRAIN)
        b.until_done()
        b.tell(":WAV:POIN 1000;:WAV:FORM ASCii")
        text = b.ask(":WAVeform:DATA?")
        b.tell(":WAV:FORM WORD")
        pre = b.preamble()
        words = np.array(b.session.query_binary_values(":WAV:DATA?", datatype="H", is_big_endian=True))
    assert text.startswith(f"#8{len(text) - 10:08d}")
    volts = np.array([float(value) for value in text[10:].split(",")])
    assert volts == pytest.approx((words - pre[9]) * pre[7] + pre[8], abs=1e-4)


def test_without_a_record_there_are_no_data() -> None:
    with bench() as b:
        b.tell("*RST;:TRIGger:SWEep NORMal")
        assert b.octets() == b""
        assert b.errors() == ['-230,"Data corrupt or stale"']


def test_errors_queue_up_to_thirty() -> None:
    with bench() as b:
        for _ in range(31):
            b.tell(":NONSense 1")
        errors = b.errors()
    assert errors == ['-113,"Undefined header"'] * 29 + ['-350,"Queue overflow"']


def test_what_is_out_of_range_is_clamped_and_said() -> None:
    with bench() as b:
        b.tell(":CHANnel1:PROBe 1;:CHANnel1:RANGe 1000")
        assert float(b.ask(":CHANnel1:RANGe?")) == 40.0
        b.tell(":CHANnel1:PROBe 1E9")
        b.tell(":TIMebase:REFerence MIDDle")
        b.tell(":CHANnel7:RANGe 1")
        assert [int(entry.partition(",")[0]) for entry in b.errors()] == [-222, -222, -224, -114]


def test_memory_bounds_the_record_and_points_bound_the_transfer() -> None:
    with bench(memory=100_000) as b:
        b.tell(f"{SETUP};:WAVeform:POINts:MODE RAW")
        assert int(b.ask(":ACQuire:POINts?")) == 100_000
        assert float(b.ask(":ACQuire:SRATe?")) == 1e8
        b.tell(":WAVeform:POINts 25000")
        assert b.preamble()[2:5] == [25_000, 1, 4e-8]


WIRED = InstrumentConfig.model_validate({"protocol": "infiniivision", "inputs": {"1": "voltage"}, "memory": 1000})
HEADERS = sorted(Infiniivision(name="scope", config=WIRED, world=World(WORLD), seed=0).commands())
ARGUMENTS = ["", "1", "-1", "0", "1E400", "NAN", "INF", "CHAN1", "CHANnel9", "MAX", "10 mV", "1E-3", "NORM", '"', "(@"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(HEADERS),
            st.sampled_from(["", "1", "2", "9", "007"]),
            st.lists(st.sampled_from(ARGUMENTS) | st.text(max_size=6), max_size=2),
        ),
        min_size=1,
        max_size=6,
    )
)
@settings(deadline=None, max_examples=150)
def test_no_message_breaks_the_instrument(units: list[tuple[str, str, list[str]]]) -> None:
    scope = Infiniivision(name="scope", config=WIRED, world=World(WORLD), seed=0)
    for header, suffix, arguments in units:
        scope.execute(f"{header.replace('<n>', suffix).replace('[:EDGE]', '')} {','.join(arguments)}")
    scope.execute("*CLS")
    scope.execute(":STOP")
    assert scope.execute("*OPC?;:SYSTem:ERRor?")[0] == b"1"


# --- defects ----------------------------------------------------------------------------------------------------------


def test_a_stale_waveform_is_the_old_one_again() -> None:
    with bench({"kind": "stale_waveform", "after": 1}) as b:
        b.tell(SETUP)
        b.arm()
        b.world.begin(TRAIN)
        b.until_done()
        first = b.capture()[1]
        b.world.advance(1.0)
        b.arm()
        b.tell(":TRIGger:FORCe")
        b.until_done()
        assert np.array_equal(b.capture()[1], first)


def test_no_trigger_comes_although_pulses_do() -> None:
    with bench({"kind": "no_trigger"}) as b:
        b.tell(SETUP)
        b.arm()
        b.world.begin(TRAIN)
        b.world.advance(1.0)
        assert int(b.ask(":OPERegister:CONDition?")) == 8 | 32


def test_clipped_drives_the_greatest_excursions_into_the_rails() -> None:
    with bench({"kind": "clipped"}) as b:
        b.tell(SETUP)
        b.arm()
        b.world.begin(TRAIN)
        b.until_done()
        b.tell(RAW_WORDS)
        words = b.words()
    assert {int(words.min()), int(words.max())} == {0x0001, 0xFFFF}


def test_a_truncated_block_ends_early() -> None:
    with bench({"kind": "truncated_block"}) as b:
        b.tell(f"{SETUP};:TRIGger:SWEep AUTO;:DIGitize CHANnel1")
        b.session.timeout = 300
        with pytest.raises(pyvisa.VisaIOError):
            b.octets()


def test_a_dropped_connection_can_be_opened_again() -> None:
    with bench({"kind": "dropped_connection", "times": 1}) as b:
        b.session.timeout = 1000  # ms: pyvisa-py sees a lost connection only when its patience ends
        with pytest.raises((pyvisa.VisaIOError, OSError)):
            b.ask("*IDN?")
        b.session.close()
        b.connect()
        assert b.ask("*OPC?") == "1"


def test_wrong_identity_is_another_serial_number() -> None:
    with bench({"kind": "wrong_identity"}) as b:
        assert b.ask("*IDN?").split(",")[2] != "MY12345678"


def test_nothing_is_left_behind() -> None:
    before = set(threading.enumerate())
    with bench() as b:
        b.ask("*IDN?")
    assert set(threading.enumerate()) <= before


# --- segments, means, coupling, the screen ----------------------------------------------------------------------------


@pytest.mark.supports("keysight-infiniivision", "twin")
def test_each_segment_has_a_trigger_of_its_own_and_says_when() -> None:
    with bench() as b:
        b.tell(f"{SETUP};:ACQuire:MODE SEGMented;:ACQuire:SEGMented:COUNt 3")
        b.arm()
        b.world.begin(TRAIN)
        b.until_done()
        assert int(b.ask(":WAVeform:SEGMented:COUNt?")) == 3
        seen, tags = [], []
        for index in (1, 2, 3):
            b.tell(f":ACQuire:SEGMented:INDex {index}")
            tags.append(float(b.ask(":WAVeform:SEGMented:TTAG?")))
            seen.append(b.capture()[1])
        b.tell(":ACQuire:SEGMented:INDex 4")
        assert b.octets() == b""
        assert b.errors() == ['-222,"Data out of range"']
    assert tags == pytest.approx([0.0, 20e-3, 40e-3], abs=1e-5)
    assert all(volts.max() == pytest.approx(10.0, abs=0.2) for volts in seen)
    assert len(seen[0]) == 285_714  # the next rate at which three fit into the memory


def test_the_mean_of_several_records_is_quieter() -> None:
    with bench(noise=1.0) as b:
        b.tell(f"{SETUP};:ACQuire:TYPE AVERage;:ACQuire:COUNt 4")
        b.arm()
        b.world.begin(TRAIN)
        b.until_done()
        _, volts = b.capture()
        assert b.preamble()[1:4] == [2, 1_000_000, 4]
    assert volts[:50_000].std() == pytest.approx(0.5, rel=0.1)


def test_alternating_coupling_lets_nothing_constant_pass() -> None:
    with bench() as b:
        b.tell(f"{SETUP};:CHANnel1:COUPling AC")
        assert b.ask(":CHANnel1:COUPling?") == "AC"
        b.world.begin(Train(points=(Point(current=10e-3, duration=1e-3),), period=2e-3, count=None))
        b.world.advance(0.5)
        b.tell(":TRIGger:EDGE:LEVel 2,CHANnel1;:TIMebase:SCALe 1E-3")
        b.arm()
        b.until_done()
        _, volts = b.capture()
    assert volts.mean() == pytest.approx(0.0, abs=0.3)
    assert volts.max() == pytest.approx(5.0, abs=0.5)


@pytest.mark.supports("keysight-infiniivision", "screenshot")
def test_the_screen_as_a_picture() -> None:
    with bench() as b:
        b.tell(f"{SETUP};:TRIGger:SWEep AUTO;:DIGitize CHANnel1")
        png = bytes(b.session.query_binary_values(":DISPlay:DATA? PNG,COLor", datatype="B"))
        bmp = bytes(b.session.query_binary_values(":DISPlay:DATA?", datatype="B"))
    one, other = Image.open(io.BytesIO(png)), Image.open(io.BytesIO(bmp))
    assert (one.format, other.format, one.size) == ("PNG", "BMP", (320, 240))
    assert np.array_equal(np.asarray(one), np.asarray(other))
