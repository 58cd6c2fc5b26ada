"""Drivers of Siglent oscilloscopes as transcripts: exact lines out, exact bytes in, nothing left over."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.bench.drivers.siglent_sds1000xe import SiglentSds1000Xe
from rig.bench.drivers.siglent_sdshd import Description, SiglentSdsHd
from rig.errors import CommunicationError, InstrumentError, NoTrigger, SamplesLost, StaleWaveform
from rig.model.setup import Coupling, Reduction, ScopeChannel, ScopeSetup, Trigger
from rig.roles import Oscilloscope
from rig.units import Unit
from tests.bench.scripted_peer import LineServer, ManualClock, Peer, transcript

Step = tuple[bytes | str, bytes | str | Sequence[bytes | None]]

OLD = pytest.mark.supports("siglent-sds1000xe", "transcript")
NEW = pytest.mark.supports("siglent-sdshd", "transcript")
SETUP = ScopeSetup(
    channels={1: ScopeChannel(full_scale=4.0, probe=1.0, offset=0.5)},
    window=14e-3,
    points=14_000,
    pretrigger=0.25,
    trigger=Trigger(channel=1, level=1.0, slope=1),
)
EVERY_BYTE = bytes(range(256))
BMP = b"BM" + struct.pack("<I", 60) + bytes(range(54))


def said(*commands: str, state: Step) -> list[Step]:
    return [*((command, "") for command in commands), state]


# --- the old dialect -------------------------------------------------------------------------------------------------

AUTO: Step = ("SAST?", "Auto")
STOP: Step = ("SAST?", "Stop")
OLD_CHANNEL = ("C1:TRA ON", "C1:ATTN 1", "C1:CPL D1M", "BWL C1,OFF", "C1:VDIV 0.5V", "C1:OFST -0.5V")
OLD_TIME = ("ACQW SAMPLING", "MSIZ 14K", "TDIV 1MS", "TRDL 0.0035S")
OLD_TRIGGER = ("TRSE EDGE,SR,C1,HT,OFF", "C1:TRCP DC", "C1:TRSL POS", "C1:TRLV 1V")
OLD_BACK: tuple[Step, ...] = (
    ("C1:VDIV?", "5.00E-01V"),
    ("C1:ATTN?", "1"),
    ("C1:OFST?", "-5.00E-01V"),
    ("C1:CPL?", "D1M"),
    ("SARA?", "1.00MSa/s"),
    ("SANU? C1", "14Kpts"),
    ("ACQW?", "SAMPLING"),
    ("TRDL?", "3.50E-03S"),
    ("C1:TRLV?", "1.00E+00V"),
)
OLD_IDN: Step = ("*IDN?", "Siglent Technologies,SDS1202X-E,SDSMMEBX1R1234,7.6.1.25R2")


def old_configured(*, back: Sequence[Step] = OLD_BACK, trigger: Sequence[str] = OLD_TRIGGER) -> list[Step]:
    return [
        *said("CHDR OFF", state=STOP),
        OLD_IDN,
        *said("CHDR OFF", "TRMD AUTO", *OLD_CHANNEL, "C2:TRA OFF", state=AUTO),
        *said(*OLD_TIME, *trigger, state=AUTO),
        *back,
        *said("STOP", state=STOP),
    ]


OLD_ARMED = [
    *said("STOP", state=STOP),
    ("INR?", "8193"),
    *said("TRMD SINGLE", "ARM", state=("SAST?", "Stop")),
    ("INR?", "0"),
    ("INR?", "8192"),
]


def old_block(data: bytes, name: str = "DAT2,") -> bytes:
    return f"{name}#9{len(data):09d}".encode() + data + b"\n\n"


def old_fetched(data: bytes, most: int = 10**6) -> list[Step]:
    steps: list[Step] = [("SANU? C1", f"{len(data)}pts")]
    for begin in range(0, len(data), most):
        part = data[begin : begin + most]
        steps += [(f"WFSU SP,1,NP,{len(part)},FP,{begin}", ""), ("C1:WF? DAT2", old_block(part))]
    return [*steps, STOP]


def old(peer: Peer, clock: ManualClock | None = None, most: int = 10**6, timeout: float = 60.0) -> SiglentSds1000Xe:
    return SiglentSds1000Xe("scope", peer.visa, clock=clock or ManualClock(), timeout=timeout, most=most)


@OLD
@pytest.mark.supports("siglent-sds1000xe", "driver")
@pytest.mark.supports("siglent-sds1000xe", "race")
def test_old_dialect_from_configuration_to_record() -> None:
    """The old state and the old register mean nothing: the register is emptied before arming."""
    clock = ManualClock()
    data = bytes([2, 0x80, 0x7F, 0xFF])
    with transcript(
        *old_configured(), *OLD_ARMED, ("INR?", "0"), ("INR?", "1"), ("INR?", "0"), *old_fetched(data)
    ) as p:
        driver = old(p, clock)
        assert isinstance(driver, Oscilloscope)
        as_set = driver.configure(SETUP)
        assert as_set == replace(SETUP, channels=as_set.channels, pretrigger=as_set.pretrigger)
        assert as_set.channels == SETUP.channels
        assert as_set.pretrigger == pytest.approx(0.25)
        driver.arm()
        assert clock.slept == [0.002]
        assert not driver.done()
        assert driver.done()
        waveform = driver.fetch(1)
        driver.close()
    # The guide's worked example: 0.5 V a division, -0.5 V of offset, the byte 2.
    assert waveform.values() == pytest.approx([0.54, -128 * 0.02 + 0.5, 127 * 0.02 + 0.5, -0.02 + 0.5])
    assert (waveform.unit, waveform.source, waveform.rails) == (Unit.VOLT, "scope:1", (-128, 127))
    assert waveform.interval == pytest.approx(1e-6)
    assert waveform.start == pytest.approx(3.5e-3 - 14e-3 / 2)


@OLD
@pytest.mark.supports("siglent-sds1000xe", "deep memory")
def test_old_dialect_every_byte_in_pieces() -> None:
    data = EVERY_BYTE * 2
    with transcript(*old_configured(), *OLD_ARMED, ("INR?", "1"), *old_fetched(data, most=200)) as peer:
        driver = old(peer, most=200)
        driver.configure(SETUP)
        driver.arm()
        assert driver.fetch(1).samples.tobytes() == data
        driver.close()


@OLD
@given(data=st.binary(min_size=1, max_size=80), most=st.integers(1, 90))
@settings(max_examples=15, deadline=None)
def test_old_dialect_any_data_in_any_pieces(data: bytes, most: int) -> None:
    with transcript(*old_configured(), *OLD_ARMED, ("INR?", "1"), *old_fetched(data, most)) as peer:
        driver = old(peer, most=most)
        driver.configure(SETUP)
        driver.arm()
        assert driver.fetch(1).samples.tobytes() == data
        driver.close()


@OLD
@pytest.mark.parametrize(
    ("reply", "error", "message"),
    [
        ([b"DAT2,#9000000004\x01\x02", None], SamplesLost, "cut after 2 of 4"),
        ([b"DAT2,#9000000003\x01\x02\x03\n\n"], SamplesLost, "3 bytes instead of 4"),
        ([b"DAT2,#9000000002\x01\x02\x03\x04\n\n"], InstrumentError, "does not end where its header says"),
        ([b"DAT2,#9000000004\x01\x02\x03\x04\n", None], InstrumentError, "does not end where"),
        ([b"5.00E-01V\n"], InstrumentError, "not a block of stated length"),
        ([b"DESC,#9000000004\x01\x02\x03\x04\n\n"], InstrumentError, "not a block of stated length"),
    ],
)
def test_old_dialect_block_that_is_none(reply: list[bytes | None], error: type[Exception], message: str) -> None:
    head: list[Step] = [("SANU? C1", "4pts"), ("WFSU SP,1,NP,4,FP,0", ""), ("C1:WF? DAT2", reply)]
    with transcript(*old_configured(), *OLD_ARMED, ("INR?", "1"), *head) as peer:
        driver = old(peer, timeout=2.0)
        driver.configure(SETUP)
        driver.arm()
        with pytest.raises(error, match=message) as caught:
            driver.fetch(1)
        driver.close()
    if isinstance(caught.value, SamplesLost):
        assert caught.value.partial.samples.tolist() in ([1, 2], [1, 2, 3])  # type: ignore[attr-defined] # a Waveform


@OLD
@pytest.mark.supports("siglent-sds1000xe", "screenshot")
def test_old_dialect_screenshot_and_halt() -> None:
    with transcript(("SCDP", BMP + b"\n"), ("*OPC?", "1"), *said("STOP", state=STOP)) as peer:
        driver = old(peer)
        assert driver.screenshot().data == BMP
        driver.halt()
        driver.close()


@OLD
def test_old_dialect_reply_to_the_question_before() -> None:
    with transcript(*old_configured()[:-1], ("SAST?", "5.00E-01V")) as peer:
        driver = old(peer)
        with pytest.raises(CommunicationError, match=r"answered '5\.00E-01V'"):
            driver.configure(SETUP)
        driver.close()


@OLD
@pytest.mark.parametrize(
    ("step", "message"),
    [
        (("SARA?", "500kSa/s"), None),
        (("SARA?", "2.00MSa/s"), "14000 points over 0.014 s"),
        (("SANU? C1", "7Kpts"), "14000 points over"),
        (("SARA?", "fast"), "instead of a number"),
        (("C1:CPL?", "A1M"), "it is A1M"),
        (("C1:ATTN?", "10"), "it is 10"),
        (("ACQW?", "AVERAGE,16"), "it is AVERAGE"),
    ],
)
def test_old_dialect_what_it_did_not_set(step: Step, message: str | None) -> None:
    names = [query for query, _ in OLD_BACK]
    place = names.index(step[0])
    back = [*OLD_BACK[:place], step, *OLD_BACK[place + 1 :]]
    steps = old_configured(back=back)
    with Peer(LineServer({str(query): reply for query, reply in steps if isinstance(reply, str) and reply})) as peer:
        driver = old(peer)
        if message is None:
            assert driver.configure(SETUP).window == pytest.approx(28e-3)
        else:
            with pytest.raises(InstrumentError, match=message):
                driver.configure(SETUP)
        driver.close()


@OLD
def test_old_dialect_what_it_cannot_do_is_refused_before_anything_is_set() -> None:
    identified = [*said("CHDR OFF", state=STOP), OLD_IDN]
    with transcript(*identified, *said("CHDR OFF", "TRMD AUTO", state=AUTO)[:0]) as peer:
        driver = old(peer)
        for setup, message in (
            (replace(SETUP, segments=2), "no segmented memory"),
            (replace(SETUP, reduction=Reduction.AVERAGE, averages=5), "5 averages"),
            (replace(SETUP, points=20_000_000), "it keeps 14000000 at most"),
            (replace(SETUP, channels={3: ScopeChannel(full_scale=1.0)}), "it has 2 channels"),
        ):
            with pytest.raises(InstrumentError, match=message):
                driver.configure(setup)
        driver.close()


@OLD
def test_old_dialect_averages_coupling_limit_and_probe() -> None:
    channel = ScopeChannel(full_scale=400.0, probe=10.0, bandwidth_limit=True, coupling=Coupling.AC)
    table = {str(query): reply for query, reply in old_configured() if isinstance(reply, str) and reply}
    table |= {"C1:VDIV?": "5.00E+01V", "C1:ATTN?": "10", "C1:CPL?": "A1M", "ACQW?": "AVERAGE,16", "C1:OFST?": "0V"}
    server = LineServer({query: f"{reply}\n".encode() for query, reply in table.items()})
    setup = replace(SETUP, channels={1: channel}, reduction=Reduction.AVERAGE, averages=16)
    with Peer(server) as peer:
        driver = SiglentSds1000Xe("scope", peer.visa, clock=ManualClock(), timeout=60.0, level_at_input=True)
        as_set = driver.configure(setup)
        driver.close()
    wanted = {"C1:ATTN 10", "C1:CPL A1M", "BWL C1,ON", "C1:VDIV 50V", "ACQW AVERAGE,16", "C1:TRLV 0.1V"}
    assert wanted <= set(server.lines)
    assert server.lines.index("C1:ATTN 10") < server.lines.index("C1:VDIV 50V")
    assert (as_set.averages, as_set.channels[1].full_scale) == (16, 400.0)
    assert as_set.trigger == Trigger(channel=1, level=10.0, slope=1)


@OLD
def test_old_dialect_scope_that_does_not_arm() -> None:
    clock = ManualClock()
    table: dict[str, bytes | str] = {
        str(query): reply for query, reply in old_configured() if isinstance(reply, str) and reply
    }
    with Peer(LineServer({**table, "INR?": "0"})) as peer:
        driver = old(peer, clock)
        driver.configure(SETUP)
        with pytest.raises(InstrumentError, match="did not arm"):
            driver.arm()
        driver.close()
    assert 5.0 < clock.time < 8.0


@OLD
def test_old_dialect_forced_capture() -> None:
    level = [line.replace("TRLV 1V", "TRLV 1.5V") for line in OLD_TRIGGER]
    forced = [*said("FRTR", state=("SAST?", "Ready")), ("INR?", "0"), ("INR?", "1")]
    with transcript(*old_configured(back=OLD_BACK[:-1], trigger=level), *OLD_ARMED, *forced) as peer:
        driver = old(peer)
        assert driver.configure(replace(SETUP, trigger=None)).trigger is None
        driver.arm()
        driver.close()


@OLD
def test_old_dialect_the_record_of_before_is_stale() -> None:
    data = np.random.default_rng(3).integers(0, 256, 1500, dtype=np.uint8).tobytes()
    once = [*OLD_ARMED, ("INR?", "1"), *old_fetched(data)]
    with transcript(*old_configured(), *once, *once) as peer:
        driver = old(peer)
        driver.configure(SETUP)
        driver.arm()
        driver.fetch(1)
        driver.arm()
        with pytest.raises(StaleWaveform):
            driver.fetch(1)
        driver.close()


# --- the new dialect -------------------------------------------------------------------------------------------------

N_AUTO: Step = (":TRIGger:STATus?", "Auto")
N_STOP: Step = (":TRIGger:STATus?", "Stop")
NEW_SETUP = replace(SETUP, window=10e-3, points=10_000)
NEW_CHANNEL = (
    ":CHANnel1:SWITch ON",
    ":CHANnel1:PROBe VALue,1",
    ":CHANnel1:COUPling DC",
    ":CHANnel1:IMPedance ONEMeg",
    ":CHANnel1:BWLimit FULL",
    ":CHANnel1:SCALe 0.5",
    ":CHANnel1:OFFSet -0.5",
)
NEW_TIME = (":ACQuire:TYPE NORMal", ":ACQuire:MDEPth 10k", ":TIMebase:SCALe 0.001", ":TIMebase:DELay 0.0025")
NEW_TRIGGER = (
    ":TRIGger:TYPE EDGE",
    ":TRIGger:EDGE:SOURce C1",
    ":TRIGger:EDGE:SLOPe RISing",
    ":TRIGger:EDGE:COUPling DC",
    ":TRIGger:EDGE:LEVel 1",
)
NEW_BACK: tuple[Step, ...] = (
    (":CHANnel1:SCALe?", "5.00E-01"),
    (":CHANnel1:PROBe?", "1.00E+00"),
    (":CHANnel1:OFFSet?", "-5.00E-01"),
    (":CHANnel1:BWLimit?", "FULL"),
    (":CHANnel1:COUPling?", "DC"),
    (":ACQuire:POINts?", "1.00E+04"),
    (":ACQuire:SRATe?", "1.00E+06"),
    (":TRIGger:EDGE:LEVel?", "1.00E+00"),
    (":TIMebase:DELay?", "2.50E-03"),
    (":ACQuire:TYPE?", "NORMal"),
)


def new_configured() -> list[Step]:
    return [
        ("*IDN?", "Siglent Technologies,SDS2102X HD,SDS2HBAQ6R0001,3.8.12.1.1.3.8"),
        *said(":TRIGger:MODE AUTO", ":TRIGger:RUN", *NEW_CHANNEL, ":CHANnel2:SWITch OFF", state=N_AUTO),
        *said(*NEW_TIME, *NEW_TRIGGER, state=N_AUTO),
        *NEW_BACK,
        *said(":TRIGger:STOP", state=N_STOP),
        N_STOP,
    ]


def new_armed() -> list[Step]:
    return [
        *said(":TRIGger:STOP", state=N_STOP),
        N_STOP,
        *said(":TRIGger:MODE SINGle", ":TRIGger:RUN", state=N_STOP),
        N_STOP,
        (":TRIGger:STATus?", "Arm"),
        (":TRIGger:STATus?", "Ready"),
    ]


def wavedesc(points: int, *, scale: float = 0.5, codes: float = 7680.0, probe: float = 1.0, kind: int = 1) -> bytes:
    data = bytearray(346)
    struct.pack_into("<H", data, 32, kind)
    struct.pack_into("<I", data, 36, 346)
    struct.pack_into("<I", data, 116, points)
    struct.pack_into("<fff", data, 156, scale, -0.5 / probe, codes)
    struct.pack_into("<H", data, 172, 12)
    struct.pack_into("<f", data, 176, 1e-6)
    struct.pack_into("<f", data, 328, probe)
    return bytes(data)


def block(data: bytes) -> bytes:
    return b"#9%09d" % len(data) + data + b"\n\n"


def new_fetched(data: bytes, *, most: str = "5.00E+06", described: bytes | None = None) -> list[Step]:
    points = len(data) // 2
    steps: list[Step] = [
        N_STOP,
        *said(
            ":WAVeform:SOURce C1",
            ":WAVeform:WIDTh WORD",
            ":WAVeform:INTerval 1",
            ":WAVeform:STARt 0",
            ":WAVeform:POINt 0",
            state=N_STOP,
        ),
        (":WAVeform:PREamble?", block(wavedesc(points) if described is None else described)),
        (":WAVeform:MAXPoint?", most),
    ]
    step = int(float(most))
    for begin in range(0, points, step):
        part = data[2 * begin : 2 * (begin + step)]
        steps += [
            (f":WAVeform:STARt {begin}", ""),
            (f":WAVeform:POINt {len(part) // 2}", ""),
            (":WAVeform:DATA?", b"#%d%d" % (len(str(len(part))), len(part)) + part + b"\n\n"),
        ]
    return [*steps, N_STOP]


def new(peer: Peer, clock: ManualClock | None = None, timeout: float = 60.0) -> SiglentSdsHd:
    return SiglentSdsHd("scope", peer.visa, clock=clock or ManualClock(), timeout=timeout)


@NEW
@pytest.mark.supports("siglent-sdshd", "driver")
@pytest.mark.supports("siglent-sdshd", "race")
def test_new_dialect_from_configuration_to_record() -> None:
    """Twice the state of before is told; it is not taken for the end of an acquisition that has not begun."""
    codes = np.array([7680, -32768, 32752, 10], dtype="<i2")
    with transcript(
        *new_configured(), *new_armed(), (":TRIGger:STATus?", "Trig'd"), *new_fetched(codes.tobytes())
    ) as p:
        driver = new(p)
        assert isinstance(driver, Oscilloscope)
        as_set = driver.configure(NEW_SETUP)
        assert as_set.channels == NEW_SETUP.channels
        assert as_set.pretrigger == pytest.approx(0.25)
        driver.arm()
        assert not driver.done()
        waveform = driver.fetch(1)
        driver.close()
    assert waveform.values()[[0, 3]] == pytest.approx([0.5 + 0.5, 10 / 7680 * 0.5 + 0.5])
    assert list(waveform.rails or ()) == [-32768, 32752]
    assert waveform.start == pytest.approx(2.5e-3 - 10e-3 / 2)
    assert waveform.interval == pytest.approx(1e-6)


@NEW
@pytest.mark.supports("siglent-sdshd", "deep memory")
def test_new_dialect_every_byte_in_pieces_as_long_as_the_instrument_allows() -> None:
    data = EVERY_BYTE * 4
    with transcript(*new_configured(), *new_armed(), *new_fetched(data, most="77")) as peer:
        driver = new(peer)
        driver.configure(NEW_SETUP)
        driver.arm()
        assert driver.fetch(1).samples.tobytes() == data
        driver.close()


@NEW
@given(data=st.binary(min_size=2, max_size=60).filter(lambda data: len(data) % 2 == 0), most=st.integers(1, 40))
@settings(max_examples=15, deadline=None)
def test_new_dialect_any_data_in_any_pieces(data: bytes, most: int) -> None:
    with transcript(*new_configured(), *new_armed(), *new_fetched(data, most=str(most))) as peer:
        driver = new(peer)
        driver.configure(NEW_SETUP)
        driver.arm()
        assert driver.fetch(1).samples.tobytes() == data
        driver.close()


@NEW
@pytest.mark.parametrize(("scale", "probe"), [(50.0, 10.0), (5.0, 10.0), (0.5, 1.0)])
def test_new_dialect_the_description_is_of_the_tip_or_of_the_input(scale: float, probe: float) -> None:
    """Which of both is told by the scale that is set; a code of a division is a division."""
    at_tip = 50.0 if probe == 10.0 else 0.5
    steps = new_configured()
    table = {str(query): reply for query, reply in steps if reply}
    table |= {":CHANnel1:SCALe?": f"{at_tip}", ":CHANnel1:PROBe?": f"{probe}", ":TRIGger:STATus?": "Stop"}
    table |= {":WAVeform:PREamble?": block(wavedesc(2, scale=scale, probe=probe)), ":WAVeform:MAXPoint?": "5M"}
    table[":WAVeform:DATA?"] = b"#14" + np.array([7680, 0], dtype="<i2").tobytes() + b"\n\n"
    setup = replace(NEW_SETUP, channels={1: ScopeChannel(full_scale=8 * at_tip, probe=probe)})
    with Peer(LineServer(table)) as peer:  # type: ignore[arg-type] # replies of both kinds
        driver = new(peer)
        driver.configure(setup)
        one, zero = driver.fetch(1).values()
        driver.close()
    assert one - zero == pytest.approx(at_tip)


@NEW
@pytest.mark.parametrize(
    "described",
    [
        wavedesc(4)[:345],
        wavedesc(4, kind=0),
        wavedesc(4, codes=0.0),
        wavedesc(4, scale=float("nan")),
        wavedesc(4, scale=3.0),
    ],
)
def test_new_dialect_description_that_cannot_be_believed(described: bytes) -> None:
    table = {str(query): reply for query, reply in new_configured() if reply} | {":TRIGger:STATus?": "Stop"}
    table |= {":WAVeform:PREamble?": block(described), ":WAVeform:MAXPoint?": "5M", ":WAVeform:DATA?": block(bytes(8))}
    with Peer(LineServer(table)) as peer:  # type: ignore[arg-type] # replies of both kinds
        driver = new(peer)
        driver.configure(NEW_SETUP)
        with pytest.raises(InstrumentError, match="describe"):
            driver.fetch(1)
        driver.close()


@NEW
def test_new_dialect_cut_block_keeps_what_came() -> None:
    cut: list[Step] = [*new_fetched(bytes(range(8)), most="2")[:-2], (":WAVeform:DATA?", [b"#14\x04\x05\x06", None])]
    with transcript(*new_configured(), *new_armed(), *cut) as peer:
        driver = new(peer, timeout=2.0)
        driver.configure(NEW_SETUP)
        driver.arm()
        with pytest.raises(SamplesLost) as caught:
            driver.fetch(1)
        driver.close()
    assert caught.value.partial.samples.tobytes() == bytes(range(6))  # type: ignore[attr-defined] # a Waveform here


@NEW
@pytest.mark.supports("siglent-sdshd", "screenshot")
def test_new_dialect_screenshot_and_halt() -> None:
    with transcript((":PRINt? PNG", BMP), ("*OPC?", "1"), *said(":TRIGger:STOP", state=N_STOP)) as peer:
        driver = new(peer)
        assert driver.screenshot().format == "bmp"
        driver.halt()
        driver.close()


@NEW
def test_new_dialect_forced_capture_that_does_not_complete() -> None:
    table = {str(query): reply for query, reply in new_configured() if isinstance(reply, str) and reply}
    states = iter([b"Auto\n"] * 2 + [b"Stop\n"] * 5 + [b"Ready\n"] * 10_000)
    table_of = {**table, ":TRIGger:STATus?": lambda: next(states)}
    with Peer(LineServer(table_of)) as peer:  # type: ignore[arg-type] # replies of both kinds
        driver = new(peer)
        driver.configure(replace(NEW_SETUP, trigger=None))
        with pytest.raises(NoTrigger):
            driver.arm()
        driver.close()


def test_the_description_is_read_from_its_places() -> None:
    described = Description.read(wavedesc(1234, probe=10.0))
    assert described is not None
    assert (described.points, described.bits, described.codes, described.probe) == (1234, 12, 7680.0, 10.0)
    assert (described.scale, described.offset, described.interval) == pytest.approx((0.5, -0.05, 1e-6))
