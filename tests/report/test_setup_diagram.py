"""The diagram of the set-up: everybody stands in it once, nobody on another, and no text is markup."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

import pytest

from rig.evidence.record import IdentityEntry, InstrumentEntry, SignalEntry
from rig.report.drawing import Drawing
from rig.report.setup_diagram import draw_setup
from tests.report.conftest import HOSTILE, bench, case, run

SVG = "{http://www.w3.org/2000/svg}"
MORE = [
    ("contact", "interlock"),
    ("mains", "supply"),
    ("dmm", "multimeter"),
    ("second", "oscilloscope"),
    ("third", "switchboard"),
    ("fourth", "amplifier"),
]


def instrument(name: str, role: str, *, model: str = "Model 7") -> InstrumentEntry:
    who = IdentityEntry(manufacturer="Maker", model=model, serial=f"S-{name}", firmware="1")
    return InstrumentEntry(name=name, role=role, driver="driver", address="here", identity=who)


def drawn(*instruments: InstrumentEntry, signals: tuple[SignalEntry, ...] | None = None) -> Drawing:
    there = bench()
    signals = there.signals if signals is None else signals
    entry = there.model_copy(update={"instruments": instruments, "signals": signals})
    drawing = draw_setup(run((case(1, 0.005, "500 ohm"),), bench=entry))
    assert drawing is not None
    return drawing


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - written by the code under test


def boxes(root: ET.Element) -> dict[str, tuple[float, float, float, float]]:
    found = {}
    for group in root.iter(f"{SVG}g"):
        rect = group.find(f"{SVG}rect")
        assert rect is not None
        x, y, width, height = (float(rect.attrib[key]) for key in ("x", "y", "width", "height"))
        found[group.attrib.get("data-instrument", "")] = (x, y, x + width, y + height)
    return found


def words(drawing: Drawing) -> str:
    return " ".join(parsed(drawing.svg).itertext())


USUAL = bench().instruments
TEN = (*USUAL, *(instrument(name, role) for name, role in MORE))


@pytest.mark.parametrize("there", [USUAL[:2], USUAL, TEN, (*TEN, *(instrument(f"x{k}", "thing") for k in range(5)))])
def test_everybody_stands_in_it_once_and_on_nobody_else(there: tuple[InstrumentEntry, ...]) -> None:
    root = parsed(drawn(*there).svg)
    names = [group.attrib["data-instrument"] for group in root.iter(f"{SVG}g") if "data-instrument" in group.attrib]
    assert sorted(names) == sorted(one.name for one in there)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for left, top, right, bottom in boxes(root).values():
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
    for one, other in itertools.combinations(boxes(root).values(), 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def test_a_box_holds_its_text() -> None:
    long = instrument("a-very-long-name-of-an-instrument-" * 3, "oscilloscope", model="words and more of them " * 9)
    root = parsed(drawn(long, *USUAL[1:], *(instrument(name, role, model="m" * 90) for name, role in MORE)).svg)
    edges = boxes(root)
    for group in root.iter(f"{SVG}g"):
        left, top, right, bottom = edges[group.attrib.get("data-instrument", "")]
        for text in group.iter(f"{SVG}text"):
            across, down = float(text.attrib["x"]), float(text.attrib["y"])
            assert top < down < bottom - 2, text.text
            reach = 5.6 * len(text.text or "")
            ends = (across - reach, across) if text.attrib["text-anchor"] == "end" else (across, across + reach)
            assert left < ends[0] < ends[1] < right, text.text


def test_it_says_what_is_connected_across_what() -> None:
    drawing = drawn(*TEN)
    assert "through the interlock contact (Maker Model 7) and the load switch switch" in drawing.alt
    assert "Across the load: oscilloscope scope (Keysight Technologies DSOX3024T)." in drawing.alt
    assert "Across the sense resistor in the return wire: digitizer daq" in drawing.alt
    assert "The device is fed by the supply mains" in drawing.alt
    assert "open unless the guard holds it closed" in drawing.caption
    thin = "\u202f"
    said = ("channel 1", "probe 10:1", f"input 10{thin}MΩ", "channel ai0", f"10.003{thin}Ω", f"500{thin}Ω, 1{thin}kΩ")
    for one in (*said, "serial S-contact"):
        assert one in words(drawing)


def test_a_multimeter_across_the_sense_resistor_stands_there_and_another_beside_the_circuit() -> None:
    usual = bench().signals
    drawing = drawn(*TEN, signals=(*usual, SignalEntry(signal="current", instrument="dmm", channel="1")))
    assert "sense resistor as well: multimeter dmm" in drawing.alt
    drawing = drawn(*TEN, signals=(*usual, SignalEntry(signal="voltage", instrument="dmm", channel="1")))
    assert "Also on the bench: multimeter dmm" in drawing.alt
    assert words(drawing).count("voltage: channel 1") == 2


def test_one_instrument_may_see_both_signals() -> None:
    seen = (("1", "voltage"), ("2", "current"))
    signals = [{"signal": name, "instrument": "scope", "channel": channel} for channel, name in seen]
    drawing = drawn(USUAL[0], *USUAL[2:], signals=tuple(map(SignalEntry.model_validate, signals)))
    assert drawing.svg.count('data-instrument="scope"') == 1
    assert "Across the sense resistor in the return wire: oscilloscope scope" in drawing.alt


def test_an_older_record_tells_by_its_captures() -> None:
    drawing = drawn(*USUAL, signals=())
    assert "concluded from the captures" in drawing.caption
    assert "Across the sense resistor in the return wire: digitizer daq" in drawing.alt
    assert "Also on the bench: oscilloscope scope" in drawing.alt
    assert "connection unrecorded" in words(drawing)


def test_no_text_is_markup() -> None:
    drawing = drawn(*USUAL, instrument("odd", HOSTILE, model=HOSTILE))
    tags = {element.tag.removeprefix(SVG) for element in parsed(drawing.svg).iter()}
    assert tags <= {"svg", "g", "rect", "path", "circle", "text"}
    assert "\u202e" not in drawing.svg
    assert "\x00" not in drawing.svg


def test_without_a_bench_there_is_none() -> None:
    assert draw_setup(run((), bench=None, verdict="NOT_RUN")) is None
