"""The set-up as an SVG diagram: device, interlock, load and what is connected across them, drawn from the record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import escape

from rig.evidence.record import SignalEntry
from rig.report import wording
from rig.report.drawing import Drawing
from rig.report.figure import ON_SCREEN
from rig.report.fitted_text import fitted
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rig.evidence.record import BenchEntry, InstrumentEntry, LoadEntry, RunRecord
    from rig.report.figure import Lettering

__all__ = ["draw_setup"]

_WIDTH = 720
_INK, _FAINT, _FILL, _WIRE = "#20262d", "#515b66", "#f5f6f8", "#20262d"
_LINE = 14.0
_DEVICE = (12.0, 30.0, 156.0, 330.0)  # x, y, width, height
_FORTH, _BACK = 50.0, 340.0  # where the wires to the load and back from it run
_COLUMN = 500.0  # of load and sense resistor
_LOAD_TAPS, _SENSE_TAPS = (80.0, 184.0), (220.0, 304.0)
_METERS = 552.0  # left edge of what measures
_BELOW, _BOX_WIDTH, _BOX_HEIGHT = 404.0, 156.0, 118.0
_SERIES = "in series: "  # how the record names the sense resistor among the loads

_ROLES = {
    "oscilloscope": "Oscilloscope",
    "digitizer": "Digitizer",
    "load-switch": "Load switch",
    "stimulator": "Device under test",
    "interlock": "Interlock",
    "supply": "Supply",
    "multimeter": "Multimeter",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Circuit:
    """Who stands where; everybody else stands ``beside``. ``channels`` is by instrument and signal."""

    device: InstrumentEntry | None
    interlock: InstrumentEntry | None
    switch: InstrumentEntry | None
    supply: InstrumentEntry | None
    across_load: InstrumentEntry | None
    across_sense: InstrumentEntry | None
    multimeter: InstrumentEntry | None
    beside: tuple[InstrumentEntry, ...]
    signals: tuple[SignalEntry, ...]

    @property
    def one_for_both(self) -> bool:
        """Whether one instrument sees voltage and current."""
        return self.across_load is not None and self.across_load is self.across_sense


def draw_setup(record: RunRecord, lettering: Lettering = ON_SCREEN) -> Drawing | None:
    """Return the diagram of the bench of ``record``; None where there was none."""
    bench = record.bench
    if bench is None:
        return None
    circuit = _circuit(record, bench)
    description = _description(record, bench, circuit)
    rows = -(-len(circuit.beside) // 3)
    rows = max(rows, 1 if circuit.supply else 0)
    height = _BELOW + rows * (_BOX_HEIGHT + 12) if rows else _DEVICE[1] + _DEVICE[3] + 14
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" role="img" '
        f'aria-label="{escape(wording.visible(description))}" '
        f'font-family="{escape(lettering.family)}" font-size="{lettering.size}" fill="{_INK}">'
    )
    parts = [
        root,
        *_wires(circuit),
        *_device(record, circuit),
        *_on_the_way(circuit),
        *_loads(bench),
        *_sense(bench, circuit),
        *_measuring(circuit),
        *_below(circuit),
        "</svg>",
    ]
    return Drawing(svg="".join(parts), alt=description, caption=_caption(bench, circuit))


def _circuit(record: RunRecord, bench: BenchEntry) -> _Circuit:
    """Put every instrument into one place, and one instrument into every place."""
    signals = bench.signals or tuple(_seen(record))
    by_name = {one.name: one for one in bench.instruments}
    taken: set[str] = set()

    def take(one: InstrumentEntry | None) -> InstrumentEntry | None:
        if one is None or one.name in taken:
            return None
        taken.add(one.name)
        return one

    def role(name: str) -> InstrumentEntry | None:
        return take(next((one for one in bench.instruments if one.role == name and one.name not in taken), None))

    device, interlock, switch = role("stimulator"), role("interlock"), role("load-switch")
    meters = {one.name for one in bench.instruments if one.role == "multimeter"}
    first = {one.signal: one.instrument for one in reversed(signals) if one.instrument not in meters}
    seen = {signal: by_name.get(name) for signal, name in first.items()}
    across_load = take(seen.get("voltage"))
    both = across_load is not None and across_load is seen.get("current")
    across_sense = across_load if both else take(seen.get("current"))
    metered = {one.instrument for one in signals if one.instrument in meters and one.signal == "current"}
    metered |= {case.metered.instrument for case in record.cases if case.metered is not None}
    multimeter = take(next((one for one in bench.instruments if one.name in metered), None))
    supply = role("supply")
    return _Circuit(
        device=device,
        interlock=interlock,
        switch=switch,
        supply=supply,
        across_load=across_load,
        across_sense=across_sense,
        multimeter=multimeter,
        beside=tuple(one for one in bench.instruments if one.name not in taken),
        signals=signals,
    )


def _seen(record: RunRecord) -> Iterator[SignalEntry]:
    """Yield what the captures say of the signals, where the bench's entry does not say it."""
    named = {
        signal.signal: signal.source
        for case in record.cases
        for capture in case.captures
        for signal in capture.waveforms
    }
    for name, source in named.items():
        instrument, _, channel = source.partition(":")
        if name == "voltage":
            yield SignalEntry(signal="voltage", instrument=instrument, channel=channel)
        elif name == "current":
            yield SignalEntry(signal="current", instrument=instrument, channel=channel)


def _text(x: float, y: float, text: str, *, anchor: str = "start", style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{escape(wording.visible(text))}</text>'


def _path(*commands: str, width: float = 1.4) -> str:
    return f'<path d="{"".join(commands)}" stroke="{_WIRE}" stroke-width="{width}" fill="none"/>'


def _dots(*places: tuple[float, float]) -> str:
    return "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{_WIRE}"/>' for x, y in places)


def _box(x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="3" fill="{_FILL}" '
        f'stroke="{_INK}" stroke-width="1.1"/>'
    )


def _lines(x: float, y: float, width: float, title: str, lines: Sequence[str]) -> Iterator[str]:
    """Write a bold title and lines below it, each cut to what fits."""
    yield _text(x, y, fitted(title, width, 1, bold=True)[0], style=' font-weight="600"')
    for number, line in enumerate(lines, 1):
        yield _text(x, y + number * _LINE, line, style=f' fill="{_FAINT}"' if number == 1 else "")


def _said(one: InstrumentEntry, width: float, *more: str) -> list[str]:
    """Return name, make and model, serial number, and more of an instrument, in lines that fit."""
    who = one.identity
    model = f"{who.manufacturer} {who.model}" if who else f"driver {one.driver}"
    lines = [*fitted(one.name, width, 1), *fitted(model, width, 3)]
    lines += fitted(f"serial {who.serial or 'not reported'}" if who else "not identified", width, 1)
    return lines + [line for text in more for line in fitted(text, width, 1)]


def _instrument(
    one: InstrumentEntry, x: float, y: float, width: float, height: float, *more: str, top: float = 0
) -> str:
    """Draw a box with all that is said of an instrument; ``top`` is how much room is left above the text."""
    title = _ROLES.get(one.role, wording.words(one.role))
    lines = _lines(x + 9, y + 17 + top, width - 16, title, _said(one, width - 16, *more))
    name = escape(wording.visible(one.name))
    return f'<g data-instrument="{name}">{_box(x, y, width, height)}{"".join(lines)}</g>'


def _wires(circuit: _Circuit) -> Iterator[str]:
    """Draw the loop: out of the device, through load and sense resistor, and back."""
    right = _DEVICE[0] + _DEVICE[2]
    yield _path(f"M{right} {_FORTH}H{_COLUMN}V{_BACK}H{right}")
    if circuit.across_load:
        yield _taps(_METERS, _LOAD_TAPS)
    if circuit.across_sense:
        yield _taps(_METERS, _SENSE_TAPS)
    if circuit.multimeter:
        yield _taps(446.0, _SENSE_TAPS)


def _taps(to: float, heights: tuple[float, float]) -> str:
    wires = "".join(f"M{_COLUMN} {y}H{to}" for y in heights)
    return _path(wires, width=1.0) + _dots(*((_COLUMN, y) for y in heights))


def _device(record: RunRecord, circuit: _Circuit) -> Iterator[str]:
    x, y, width, height = _DEVICE
    one, who = circuit.device, record.device
    yield f'<g data-instrument="{escape(wording.visible(one.name))}">' if one else "<g>"
    yield _box(x, y, width, height)
    for terminal, what in ((_FORTH, "output"), (_BACK, "return")):
        yield f'<circle cx="{x + width}" cy="{terminal}" r="3.4" fill="#fff" stroke="{_INK}" stroke-width="1.2"/>'
        yield _text(x + width - 9, terminal + 4, what, anchor="end", style=f' fill="{_FAINT}"')
    room = width - 18
    lines = fitted(one.name, room, 1) if one else []
    if who:
        lines += fitted(f"{who.manufacturer} {who.model}", room, 3)
        lines += fitted(f"serial {who.serial}", room, 2)
        lines += fitted(f"firmware {who.firmware}", room, 2) if who.firmware else []
    channels = sorted({case.stimulus.channel for case in record.cases})
    if channels:
        many = "channel" if len(channels) == 1 else "channels"
        lines += fitted(f"{many} {', '.join(map(str, channels))}", room, 2)
    yield from _lines(x + 10, 150, room, "Device under test", lines)
    yield "</g>"


def _on_the_way(circuit: _Circuit) -> Iterator[str]:
    """Draw what the current passes before the load: interlock and load switch."""
    if circuit.interlock:
        yield _instrument(circuit.interlock, 188, 30, 132, 124, top=30)
        yield _contact(188, 320)
    if circuit.switch:
        x = 338.0 if circuit.interlock else 262.0
        yield _instrument(circuit.switch, x, 30, 470 - x, 124, top=30)
        yield _contact(x, 470)


def _contact(left: float, right: float) -> str:
    """Draw an open contact in the wire that passes a box from left to right."""
    here, there = (left + right) / 2 - 11, (left + right) / 2 + 11
    wire = f"M{left} {_FORTH}H{here}l20 -11M{there} {_FORTH}H{right}"
    return _path(wire) + _dots((here, _FORTH), (there, _FORTH))


def _resistor(top: float, bottom: float) -> str:
    return (
        f'<rect x="{_COLUMN - 8}" y="{top}" width="16" height="{bottom - top}" fill="#fff" stroke="{_INK}" '
        'stroke-width="1.3"/>'
    )


def _loads(bench: BenchEntry) -> Iterator[str]:
    """Draw the load, and name its positions."""
    names = [wording.typeset(one.name) for one in bench.loads if not one.name.startswith(_SERIES)]
    yield _resistor(98, 166)
    title = "Load, one of" if len(names) > 1 else "Load"
    yield _text(486, 173, title, anchor="end", style=' font-weight="600"')
    for number, line in enumerate(fitted(", ".join(names) or "not recorded", 300, 2), 1):
        yield _text(486, 173 + number * _LINE, line, anchor="end")


def _sense(bench: BenchEntry, circuit: _Circuit) -> Iterator[str]:
    """Draw the sense resistor, where the current is read across one."""
    entry = next((one for one in circuit.signals if one.signal == "current"), None)
    load: LoadEntry | None = next((one for one in bench.loads if one.name.startswith(_SERIES)), None)
    if entry is None and load is None:
        return
    ohms = entry.resistance if entry and entry.resistance else load.resistance if load else None
    value = "" if ohms is None else wording.quantity(ohms, Unit.OHM)
    if load is not None and load.resistance is not None:
        value = wording.result(load.resistance, 2 * load.uncertainty, Unit.OHM)
    yield _resistor(232, 292)
    if circuit.multimeter:
        yield _text(486, 329, f"Sense resistor {value}".strip(), anchor="end")
        return
    yield _text(486, 250, "Sense resistor", anchor="end", style=' font-weight="600"')
    title = load.name.removeprefix(_SERIES) if load else (entry.sense_resistor if entry else "")
    lines = ([value] if value else []) + (fitted(wording.prose(title), 270, 2) if title else [])
    for number, line in enumerate(lines, 1):
        style = "" if number == 1 else f' fill="{_FAINT}"'
        yield _text(486, 250 + number * _LINE, line, anchor="end", style=style)


def _measuring(circuit: _Circuit) -> Iterator[str]:
    """Draw what is connected across load and sense resistor."""
    places = (
        (circuit.across_load, _METERS, 56.0, 262.0 if circuit.one_for_both else 142.0),
        (None if circuit.one_for_both else circuit.across_sense, _METERS, 206.0, 112.0),
        (circuit.multimeter, 290.0, 210.0, 106.0),
    )
    for one, x, y, height in places:
        if one is not None:
            yield _instrument(one, x, y, _BOX_WIDTH, height, *_seen_by(one, circuit))


def _seen_by(one: InstrumentEntry, circuit: _Circuit) -> list[str]:
    return [line for signal in circuit.signals if signal.instrument == one.name for line in _how(signal)]


def _how(signal: SignalEntry) -> tuple[str, ...]:
    """Say by which channel a signal is seen, and with what probe."""
    loads = "" if signal.input_resistance is None else f"input {wording.quantity(signal.input_resistance, Unit.OHM)}"
    probe = "" if signal.probe is None else f"probe {signal.probe:g}:1"
    return tuple(filter(None, (f"{signal.signal}: channel {signal.channel}", probe, loads)))


def _below(circuit: _Circuit) -> Iterator[str]:
    """Draw the supply under the device, and beside it what has no place in the circuit that the record tells of."""
    if circuit.supply:
        x, y, width, height = _DEVICE
        yield _path(f"M{x + 40} {_BELOW}V{y + height}", width=1.4)
        yield _text(x + 48, _BELOW - 16, "feeds the device", style=f' fill="{_FAINT}"')
        yield _instrument(circuit.supply, x, _BELOW, width, _BOX_HEIGHT)
    if circuit.beside:
        yield _text(190, _BELOW - 14, "Also on the bench", style=f' fill="{_FAINT}"')
    for number, one in enumerate(circuit.beside):
        row, place = divmod(number, 3)
        x, y = 190 + place * (_BOX_WIDTH + 24), _BELOW + row * (_BOX_HEIGHT + 12)
        told = _seen_by(one, circuit) or ["connection unrecorded"]
        yield _instrument(one, x, y, _BOX_WIDTH, _BOX_HEIGHT, *told)


def _called(one: InstrumentEntry) -> str:
    who = f" ({one.identity.manufacturer} {one.identity.model})" if one.identity else ""
    role = _ROLES.get(one.role, wording.words(one.role)).lower()
    return f"{role}{who}" if one.name == role else f"{role} {one.name}{who}"


def _description(record: RunRecord, bench: BenchEntry, circuit: _Circuit) -> str:
    """Tell the circuit in words, for who does not see it."""
    who = f" {record.device.manufacturer} {record.device.model}" if record.device else ""
    way = [_called(one) for one in (circuit.interlock, circuit.switch) if one]
    told = [f"Set-up of bench {bench.id}: the device under test{who} feeds the load"]
    told[0] += f" through the {' and the '.join(way)}." if way else "."
    if circuit.across_load:
        told.append(f"Across the load: {_called(circuit.across_load)}.")
    if circuit.across_sense:
        told.append(f"Across the sense resistor in the return wire: {_called(circuit.across_sense)}.")
    if circuit.multimeter:
        told.append(f"Across the sense resistor as well: {_called(circuit.multimeter)}.")
    if circuit.supply:
        told.append(f"The device is fed by the {_called(circuit.supply)}.")
    if circuit.beside:
        told.append(f"Also on the bench: {', '.join(map(_called, circuit.beside))}.")
    return " ".join(told)


def _caption(bench: BenchEntry, circuit: _Circuit) -> str:
    """Say where the drawing is from, and what it does not know."""
    simulated = "; every part of it was simulated" if bench.virtual else ""
    told = f"Set-up, drawn from the entry of bench {bench.id} in the record{simulated}."
    if not bench.signals:
        told += (
            " What the instruments are connected across is concluded from the captures: the record does not state it."
        )
    if circuit.interlock:
        told += " The interlock's contact is open unless the guard holds it closed."
    return told
