"""Oscilloscope files, whole and broken: a waveform, or one sentence that names the file, the place and the trouble."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.acquisition.importers import read_capture_file
from rig.acquisition.importers.lines import Lines
from rig.errors import UnreadableFile
from rig.units import Unit

CAPTURE = Path(__file__).parents[3] / "shared" / "captures" / "estim-500ohm-siglent-sds804xhd.bin"


VOLT, AMPERE, SECOND = (0, 1, 1, 0, 1, 0, 1), (0, 0, 1, 1, 1, 0, 1), (0, 0, 1, 0, 1, 1, 1)


def quantity(header: bytearray, place: int, value: float, prefix: int, unit: tuple[int, ...]) -> None:
    struct.pack_into("<di7i", header, place, value, prefix, *unit)


def siglent(
    codes: list[int],
    *,
    version: int = 4,
    volts: float = 1.0,
    offset: float = 0.0,
    rate: float = 1e6,
    probe: float = 10.0,
    points: int | None = None,
    on: tuple[int, ...] = (1, 0, 0, 0),
    wide: bool = True,
    data: int = 0x1000,
    prefix: int = 8,
    unit: tuple[int, ...] = VOLT,
    big: bool = False,
) -> bytes:
    header = bytearray(0x1000)
    struct.pack_into("<II4I", header, 0, version, data, *on)
    for channel in range(4):
        quantity(header, 0x18 + 0x28 * channel, volts, prefix, unit)
        quantity(header, 0xB8 + 0x28 * channel, offset, prefix, unit)
        struct.pack_into("<d", header, 0x244 + 8 * channel, probe)
        struct.pack_into("<i", header, 0x270 + 4 * channel, 7680 if wide else 30)
    quantity(header, 0x19C, 0.1, 8, SECOND)
    channels = max(sum(on), 1)
    struct.pack_into("<I", header, 0x1EC, len(codes) // channels if points is None else points)
    quantity(header, 0x1F0, rate, 8, SECOND)
    struct.pack_into("<BB", header, 0x264, int(wide), int(big))
    kind = ("<u2", ">u2")[big] if wide else "u1"
    if version < 4:  # the same without the place of the data, which begin at 0x800
        return struct.pack("<I", version) + bytes(header[8:0x804]) + np.array(codes, dtype=kind).tobytes()
    return bytes(header) + np.array(codes, dtype=kind).tobytes()


KEYSIGHT = """x-axis,1,2
second,Volt,Ampere
-2.000000E-06,+1.0E-01,+2.0E-03
-1.000000E-06,+2.0E-01,+3.0E-03
+0.000000E+00,-3.0E-01,+4.0E-03
"""
TEKTRONIX = """Model,MSO58
Firmware Version,2.0.3

Waveform Type,ANALOG,ANALOG
Point Format,Y,Y
Horizontal Units,s,s
Sample Interval,1e-06,1e-06
Record Length,3,3
Vertical Units,V,A
Label,VOUT,IOUT
,,
TIME,CH1,CH2
-2.0000e-06,0.1,0.002,
-1.0000e-06,0.2,0.003,
0.0000e+00,-0.3,0.004,
"""
TEKTRONIX_OLD = """Record Length,3.000000e+00,,-00.000002000000,0.1,
Sample Interval,1.000000e-06,,-00.000001000000,0.2,
Trigger Point,1.2e+03,,00.000000000000,-0.3,
Source,CH2,,,,
Vertical Units,V,,,,
"""
RIGOL = """X,CH1,CH2,Start,Increment,
Sequence,Volt,Volt,-2.000000e-06,1.000000e-06
0,1.00e-01,5.0e+00,,
1,2.00e-01,6.0e+00,,
2,-3.00e-01,7.0e+00,,
"""
RIGOL_TIMED = "X,CH1,\nSecond,Volt,\n-2e-6,0.1,\n-1e-6,0.2,\n0,-0.3,\n"
RIGOL_COLUMNS = "CH1V,CH2V,t0 =-2e-06s, tInc = 1e-06,\n0.1,5,,\n0.2,6,,\n-0.3,7,,\n"
RIGOL_TIME_COLUMN = "Time(s),CH1V\n-2e-6,0.1\n-1e-6,0.2\n0,-0.3\n"
SIGLENT = """Record Length,Analog:3
Sample Interval,Analog:1.000000E-06
Vertical Units,CH1:V,,
Source,CH3
Second,Value
-0.000002,0.1
-0.000001,0.2
0.000000,-0.3
"""
SIGLENT_CONVERTED = """Record Length,Analog:3
Sample Rate,1000000.0
Vertical Scale,CH1: 0.05
Horizontal Scale, 0.000010000
Second,Volt
-0.000002,0.1
-0.000001,0.2
0.000000,-0.3
"""
SIGLENT_SHORT = "Source,CH1\nSecond,Volt\n-0.000002,0.1\n-0.000001,0.2\n0.000000,-0.3\n"
ROHDE_SCHWARZ = "in s,C1 in V,C2 in A\n-2E-06,1E-01,5\n-1E-06,2E-01,6\n0E+00,-3E-01,7\n"
EXPORTS = {
    "rohde schwarz": (ROHDE_SCHWARZ, "Rohde & Schwarz CSV", ("C1", "C2")),
    "keysight": (KEYSIGHT, "Keysight CSV", ("1", "2")),
    "tektronix": (TEKTRONIX, "Tektronix CSV", ("CH1", "CH2")),
    "tektronix old": (TEKTRONIX_OLD, "Tektronix CSV", ("CH2",)),
    "rigol": (RIGOL, "Rigol CSV", ("CH1", "CH2")),
    "rigol timed": (RIGOL_TIMED, "Rigol CSV", ("CH1",)),
    "rigol columns": (RIGOL_COLUMNS, "Rigol CSV", ("CH1", "CH2")),
    "rigol time column": (RIGOL_TIME_COLUMN, "Rigol CSV", ("CH1",)),
    "siglent": (SIGLENT, "Siglent CSV", ("CH3",)),
    "siglent converted": (SIGLENT_CONVERTED, "Siglent CSV", ("CH1",)),
    "siglent short": (SIGLENT_SHORT, "Siglent CSV", ("CH1",)),
}


def _file(folder: Path, content: str | bytes, name: str = "scope.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("maker", EXPORTS)
def test_exports_of_every_maker_are_read(tmp_path: Path, maker: str, newline: str) -> None:
    text, kind, channels = EXPORTS[maker]
    read = read_capture_file(_file(tmp_path, text.replace("\n", newline)))
    assert (read.kind, read.channels) == (kind, channels)
    first = read.waveform(channels[0])
    assert first.values() == pytest.approx([0.1, 0.2, -0.3])
    assert first.interval == pytest.approx(1e-6)
    assert first.start == pytest.approx(-2e-6)
    assert first.unit is Unit.VOLT
    assert len(read.sha256) == 64


def test_lines_however_they_end() -> None:
    for end in (b"\n", b"\r\n", b"\r"):
        lines = Lines(b"\xef\xbb\xbf" + end.join([b"one", b"", b"\xb5s", "µs".encode(), b"last"]))
        assert [lines[number] for number in range(len(lines))] == ["one", "", "µs", "µs", "last"]
        with lines.stream(1, 3) as stream:
            assert stream.read() == "\nµs\n"
        assert len(Lines(b"a" + end)) == 1
    assert len(Lines(b"")) == 0


def test_units_and_names_of_channels(tmp_path: Path) -> None:
    read = read_capture_file(_file(tmp_path, KEYSIGHT))
    assert read.waveform("2").unit is Unit.AMPERE
    assert read.waveform("2").values() == pytest.approx([0.002, 0.003, 0.004])
    assert read.waveform("2").source == "scope.csv:2"
    with pytest.raises(UnreadableFile, match=r"no channel '3'; it has 1, 2"):
        read.waveform("3")


def test_a_byte_order_mark_and_a_foreign_encoding_do_not_matter(tmp_path: Path) -> None:
    assert read_capture_file(_file(tmp_path, b"\xef\xbb\xbf" + KEYSIGHT.encode())).kind == "Keysight CSV"
    latin = TEKTRONIX.replace("VOUT", "\u00b5V").encode("latin-1")
    assert read_capture_file(_file(tmp_path, latin)).kind == "Tektronix CSV"


def test_rows_without_values_at_the_ends_are_left_out_and_said(tmp_path: Path) -> None:
    text = "x-axis,1\nsecond,Volt\n-2e-6,\n-1e-6,0.2\n0,0.3\n1e-6,0.4\n2e-6,\n\n"
    read = read_capture_file(_file(tmp_path, text))
    assert read.waveform().values() == pytest.approx([0.2, 0.3, 0.4])
    assert read.notes == ("2 rows without values left out at the ends",)


def test_times_printed_with_few_digits_are_even(tmp_path: Path) -> None:
    rows = "".join(f"{number * 1e-6:.5e},{number % 7}\n" for number in range(2000))
    read = read_capture_file(_file(tmp_path, "x-axis,1\nsecond,Volt\n" + rows))
    assert read.waveform().interval == pytest.approx(1e-6, rel=1e-3)
    rows = "".join(f"{number * 0.8e-6:.6f},{number % 7}\n" for number in range(2000))
    read = read_capture_file(_file(tmp_path, "x-axis,1\nsecond,Volt\n" + rows))
    assert read.waveform().interval == pytest.approx(0.8e-6, rel=1e-3)
    # Too coarse to tell samples apart: the header's interval counts.
    rows = "".join(f"{number // 10 * 1e-5:.5f},{number % 7}\n" for number in range(1000))
    header = "Model,X\nSample Interval,1e-06\nRecord Length,1000\nVertical Units,V\nTIME,CH1\n"
    assert read_capture_file(_file(tmp_path, header + rows)).waveform().interval == 1e-6


BROKEN = {
    "empty": ("", r"scope\.csv: the file is empty"),
    "garbage": ("Lorem ipsum\ndolor sit amet\n", r"scope\.csv: line 1: 'Lorem ipsum' is not the header"),
    "blank lines": ("\n\n\n", r"line 1: '' is not the header"),
    "numbers alone": ("1,2\n3,4\n", r"line 1: '1,2' is not the header"),
    "keysight without units": ("x-axis,1\n1,2\n3,4\n", r"line 2: a Keysight export has 'second,Volt' here"),
    "keysight one unit": ("x-axis,1,2\nsecond,Volt\n0,1,2\n", r"line 2: 1 units for 2 channels"),
    "foreign unit": ("x-axis,1\nsecond,Parsec\n0,1\n1,2\n", r"line 2: 'Parsec' is not a unit"),
    "no samples": ("x-axis,1\nsecond,Volt\n", r"0 rows of samples follow"),
    "one sample": ("x-axis,1\nsecond,Volt\n0,1\n", r"1 rows of samples follow"),
    "text among numbers": (KEYSIGHT.replace("+2.0E-01", "oops"), r"line 4: 'oops' in column 2 is not a number"),
    "a cut row": (KEYSIGHT + "+1.0E-06,0.2\n+2.0E-06,0.2,0.3\n", r"line 6: 2 columns, where column 3"),
    "a blank row": ("x-axis,1\nsecond,Volt\n0,1\n\n2e-6,2\n3e-6,2\n", r"line 4: 1 columns|line 4: '' in column"),
    "a missing row": (
        "x-axis,1\nsecond,Volt\n0,1\n1,2\n2,3\n4,4\n5,5\n",
        r"line 6: time goes on by 2 s instead of 1 s",
    ),
    "time runs back": ("x-axis,1\nsecond,Volt\n0,1\n1,2\n0.5,3\n3,3\n", r"line 5: time does not advance"),
    "time stands": ("x-axis,1\nsecond,Volt\n0,1\n0,2\n0,3\n", r"time does not advance"),
    "time is no number": ("x-axis,1\nsecond,Volt\n0,1\nnan,2\n2,3\n", r"line 4: the time is not a number"),
    "absurd time": ("x-axis,1\nsecond,Volt\n-1e308,1\n1e308,2\n", r"line 3: the time is not a number"),
    "absurd increment": (RIGOL.replace("1.000000e-06\n", "-1\n"), r"sample interval cannot be -1.0"),
    "increment is text": (RIGOL.replace("1.000000e-06\n", "fast\n"), r"line 2: the increment cannot be 'fast'"),
    "increment is missing": (RIGOL.replace(",1.000000e-06", ""), r"line 2: start and increment are missing"),
    "rigol one unit": ("X,CH1,CH2,Start,Increment\nSequence,Volt\n", r"line 2: 1 units for 2"),
    "rigol without channel": ("X,Start,Increment\nSequence,0,1\n0,1\n1,1\n", r"line 1: names no channel"),
    "rigol column without unit": ("Time(s),first\n0,1\n1,2\n", r"line 1: names no channel with its unit"),
    "rohde schwarz without unit": ("in s,C1\n0,1\n1,2\n", r"line 1: names no channel with its unit, as 'C1 in V'"),
    "truncated": (
        SIGLENT.replace("Analog:3", "Analog:9"),
        r"truncated: the header promises 9 samples, the file holds 3",
    ),
    "siglent without end": ("Source,CH1\n0,1\n1,2\n", r"no line 'Second,Volt' ends this Siglent header"),
    "siglent without channel": ("Source,CH1\nSecond\n0,1\n1,2\n", r"line 2: names no channel"),
    "tektronix truncated": (TEKTRONIX.replace("Length,3,3", "Length,99,99"), r"promises 99 samples"),
    "tektronix interval": (TEKTRONIX.replace("1e-06,1e-06", "inf,inf"), r"line 7: the sample interval cannot be 'inf'"),
    "tektronix without unit": (TEKTRONIX.replace("Vertical Units,V,A\n", ""), r"no line 'Vertical Units'"),
    "tektronix empty unit": (TEKTRONIX.replace("Vertical Units,V,A", "Vertical Units,,"), r"line 9: no unit"),
    "tektronix without channel": (TEKTRONIX.replace("TIME,CH1,CH2", "TIME"), r"line 12: names no channel"),
    "old tektronix without unit": (TEKTRONIX_OLD.replace("Vertical Units,V", "x,V"), r"no line 'Vertical Units'"),
    "old tektronix without interval": (TEKTRONIX_OLD.replace("Sample Interval", "x"), r"no line 'Sample Interval'"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_exports_end_in_one_sentence(tmp_path: Path, what: str) -> None:
    text, message = BROKEN[what]
    with pytest.raises(UnreadableFile, match=message) as caught:
        read_capture_file(_file(tmp_path, text))
    assert str(caught.value).startswith("scope.csv: ")
    assert "\n" not in str(caught.value)


def test_nan_in_a_channel_is_read_and_left_to_the_quality_gate(tmp_path: Path) -> None:
    read = read_capture_file(_file(tmp_path, "x-axis,1\nsecond,Volt\n0,nan\n1,nan\n2,inf\n"))
    assert not np.isfinite(read.waveform().values()).any()


def test_siglent_binary_keeps_raw_codes(tmp_path: Path) -> None:
    content = siglent([32768, 32768 + 7680, 32768 - 7680], volts=2.0, offset=0.5)
    read = read_capture_file(_file(tmp_path, content, "scope.bin"))
    wave = read.waveform()
    assert (read.kind, read.channels) == ("Siglent binary v4", ("C1",))
    assert wave.samples.dtype.kind == "u"
    assert wave.values() == pytest.approx([-5.0, 15.0, -25.0])
    assert wave.interval == 1e-6


def test_siglent_binary_of_eight_bits_and_of_two_channels(tmp_path: Path) -> None:
    narrow = read_capture_file(_file(tmp_path, siglent([128, 158, 98], wide=False, probe=1.0)))
    assert narrow.waveform().values() == pytest.approx([0.0, 1.0, -1.0])
    two = read_capture_file(_file(tmp_path, siglent([32768, 40448, 32768, 25088], on=(1, 0, 1, 0), probe=1.0)))
    assert two.channels == ("C1", "C3")
    assert two.waveform("C3").values() == pytest.approx([0.0, -1.0])
    with pytest.raises(UnreadableFile, match=r"several channels, C1, C3; choose one with --channel"):
        two.waveform()


def test_siglent_binary_of_other_prefixes_units_orders_and_versions(tmp_path: Path) -> None:
    milli = siglent([32768, 40448], volts=200.0, offset=-50.0, prefix=7, unit=AMPERE, big=True)
    wave = read_capture_file(_file(tmp_path, milli, "scope.bin")).waveform()
    assert wave.unit is Unit.AMPERE
    assert wave.values() == pytest.approx([0.5, 2.5])
    third = siglent([32768, 40448, 0], version=3, volts=2.0, probe=1.0)
    read = read_capture_file(_file(tmp_path, third, "scope.bin"))
    assert (read.kind, len(read.waveform())) == ("Siglent binary v3", 3)
    assert read.waveform().values()[:2] == pytest.approx([0.0, 2.0])
    second = siglent([128, 153, 103], version=2, volts=2.0, probe=1.0, wide=False)
    assert read_capture_file(_file(tmp_path, second, "scope.bin")).waveform().values() == pytest.approx([
        0.0,
        2.0,
        -2.0,
    ])


def test_siglent_offset_is_that_of_captures_of_known_voltages(tmp_path: Path) -> None:
    """The offset is subtracted, and multiplied by the probe: github.com/scottprahl/RigolWFM, pull request 34."""
    content = siglent([32768 + 768] * 2, volts=0.1, offset=-0.29, probe=10.0)
    assert read_capture_file(_file(tmp_path, content, "scope.bin")).waveform().values() == pytest.approx([3.0, 3.0])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (siglent([32768] * 10)[:0x1008], r"truncated: the header promises 10 samples, the file holds 4"),
        (siglent([32768] * 10)[:200], r"truncated: 200 bytes do not hold the header"),
        (siglent([32768] * 10, points=0), r"0x1EC: 0 points"),
        (siglent([32768] * 10, points=4_000_000_000), r"promises 4000000000 samples"),
        (siglent([32768] * 10, rate=0.0), r"0x1F0: the sample rate cannot be 0.0"),
        (siglent([32768] * 10, rate=float("nan")), r"the sample rate cannot be nan"),
        (siglent([32768] * 10, volts=-1.0), r"0x18: volts per division cannot be -1.0"),
        (siglent([32768] * 10, probe=float("inf")), r"the probe factor cannot be inf"),
        (siglent([32768] * 10, offset=1e300), r"the vertical offset cannot be 1e\+300"),
        (siglent([32768] * 10, on=(0, 0, 0, 0)), r"no channel was on"),
        (siglent([32768] * 10, data=0x100), r"data cannot begin at 0x100"),
        (siglent([32768] * 10, version=5), r"version 5 is not understood, only 2, 3, 4"),
        (
            siglent([32768] * 10, version=3, probe=1.0, offset=1.0),
            r"C1: an offset of 1 V .* version 3 .* save it as CSV",
        ),
        (siglent([32768] * 10, version=3), r"a probe of 10: how version 3 counts them in is not known"),
        (siglent([32768] * 10, version=2, probe=1.0), r"not known of version 2 with 16 bits"),
        (siglent([32768] * 10, unit=SECOND), r"C1: 'unit \(0, 0, 1, 0, 1, .* is not a unit of voltage or current"),
        (siglent([32768] * 10, prefix=99), r"volts per division has no SI prefix number 99"),
        (b"\0" * 5000, r"a binary file of no known kind; known are Keysight .* Siglent .bin, CSV$"),
        (b"\x01\xff\xff\xff" + b"\0" * 500, r"a .wfm file of Rigol, as a DS1000Z saves it: .* save .csv instead"),
        (b"\x02\0\0\0\x20\0\0\0" + b"\0" * 500, r"a .wfm file of Rigol, as a DHO saves it: .* save .bin or .csv"),
        (b"\xa5\xa5\x38\0" + b"\0" * 500, r"a .wfm file of Rigol, as a DS1000B, .* or DS6000 saves it"),
        (b"\x04\0", r"a binary file of no known kind"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\0", r"a binary file of no known kind"),
    ],
)
def test_broken_binaries_end_in_one_sentence(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message):
        read_capture_file(_file(tmp_path, content, "scope.bin")).waveform()


def test_what_is_no_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.csv"):
        with pytest.raises(UnreadableFile, match="cannot be read"):
            read_capture_file(path)


@settings(max_examples=60)
@given(cut=st.integers(0, 0x1030), flips=st.lists(st.tuples(st.integers(0, 0x102F), st.integers(0, 255)), max_size=4))
def test_any_damage_to_a_binary_gives_a_waveform_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, cut: int, flips: list[tuple[int, int]]
) -> None:
    content = bytearray(siglent([32768] * 24))
    for place, byte in flips:
        content[place] = byte
    path = _file(tmp_path_factory.mktemp("cut"), bytes(content[:cut]))
    try:
        assert len(read_capture_file(path).waveform()) >= 2
    except UnreadableFile as error:
        message = str(error)
    else:
        message = "scope.csv: "
    assert message.startswith("scope.csv: ")


@settings(max_examples=60)
@given(text=st.text(max_size=200), maker=st.sampled_from(sorted(EXPORTS)), place=st.floats(0, 1))
def test_any_text_gives_a_waveform_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, text: str, maker: str, place: float
) -> None:
    good = EXPORTS[maker][0]
    at = int(place * len(good))
    path = tmp_path_factory.mktemp("text") / "scope.csv"
    path.write_text(good[:at] + text + good[at:], encoding="utf-8", errors="surrogatepass")
    try:
        assert len(read_capture_file(path).waveform()) >= 2
    except UnreadableFile as error:
        message = str(error)
    else:
        message = "scope.csv: "
    assert message.startswith("scope.csv: ")


@pytest.mark.shared
def test_the_real_capture(tmp_path: Path) -> None:
    if not CAPTURE.exists():
        pytest.skip("the folder of public captures is not beside the project")
    read = read_capture_file(CAPTURE)
    assert read.sha256 == "c837248fc20f8e00ae3c5de2ceac89b55cfabfe1709a40c21cbf373e9a036d82"
    assert len(read.waveform()) == 1_000_000
    assert float(np.ptp(read.waveform().values())) == pytest.approx(49.0417, abs=5e-5)
    half = _file(tmp_path, CAPTURE.read_bytes()[:1_000_000], "half.bin")
    with pytest.raises(UnreadableFile, match="truncated"):
        read_capture_file(half)
