"""Bench, device, load and calibration files: what they become, and their mistakes at their places."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from rig.bench.bench_file import bench_json_schema
from rig.bench.calibration_file import calibration_json_schema
from rig.bench.definition import BenchDefinition
from rig.bench.device_file import FAULTS, device_json_schema
from rig.bench.load_files import loadbox_json_schema, resistor_json_schema
from rig.bench.reading import load_bench, load_device
from rig.documents import read_document
from rig.errors import DocumentInvalid

FIXTURES = Path(__file__).parents[2] / "fixtures"
BENCHES = sorted((FIXTURES / "benches").glob("*.bench.yaml"))
DEVICES = sorted((FIXTURES / "duts").rglob("*.dut.yaml"))
FAULTY = sorted((FIXTURES / "duts" / "faulty").rglob("*.dut.yaml"))
KINDS = [path for path in FAULTY if path.parent.name != "live"]  # those have a known fault, too large to let it flow


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    """A copy of the fixtures that a test may spoil."""
    for folder in ("benches", "loads", "calibration"):
        shutil.copytree(FIXTURES / folder, tmp_path / folder)
    return tmp_path / "benches" / "virtual.bench.yaml"


Edit = Callable[[str, str], None]


def edit(path: Path, old: str, new: str) -> tuple[int, int]:
    """Replace the first occurrence and return its line and column."""
    text = path.read_text(encoding="utf-8")
    before = text[: text.index(old)]
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return before.count("\n") + 1, len(before) - before.rfind("\n")


@pytest.mark.parametrize("path", BENCHES, ids=lambda path: path.name)
def test_shipped_benches_load_and_keep_account_of_every_file(path: Path) -> None:
    definition = load_bench(path)
    assert definition.device_path.is_file()
    assert definition.files[0].path == path
    # The bench, the sense resistor, the load box, and the record of every instrument that has one.
    assert len(definition.files) == 3 + len(definition.calibrations)
    assert all(len(file.sha256) == 64 and ".." not in str(file.path) for file in definition.files)
    assert list(definition.loads) == ["500 ohm", "1 kohm", "2 kohm", "10 kohm", "short", "open"]
    assert definition.relays == {
        "500 ohm": (101,),
        "1 kohm": (102,),
        "2 kohm": (103,),
        "10 kohm": (104,),
        "short": (105,),
        "open": (),
    }
    assert definition.loads["open"].is_open
    assert definition.loads["short"].nominal == definition.loads["short"].resistance < 1
    assert math.isclose(definition.loads["500 ohm"].thermal_resistance, 60 / 25)


def test_only_benches_with_a_twin_are_virtual() -> None:
    virtual = {path.name: load_bench(path).virtual for path in BENCHES}
    assert virtual == {
        "lab-example.bench.yaml": False,
        "virtual-expired.bench.yaml": True,
        "virtual-guarded.bench.yaml": True,
        "virtual-mains.bench.yaml": True,
        "virtual-metered.bench.yaml": True,
        "virtual-powered.bench.yaml": True,
        "virtual.bench.yaml": True,
    }


@pytest.mark.parametrize("path", DEVICES, ids=lambda path: path.name)
def test_shipped_devices_load(path: Path) -> None:
    device = load_device(path)
    assert device.file.identity.model != "P24" or device.file.ratings.current == 0.130
    assert math.isclose(device.file.electrodes.smallest_area, 25e-4)
    assert bool(device.file.faults) == (path in FAULTY)


def test_every_fault_is_shipped_once() -> None:
    kinds = [fault.kind for path in KINDS for fault in load_device(path).file.faults]
    assert sorted(kinds) == sorted(FAULTS)
    titles = [load_device(path).file.title for path in FAULTY]
    assert len(set(titles)) == len(titles)


def test_values_of_faults_are_in_si() -> None:
    values = {fault.kind: fault.si_value() for path in KINDS for fault in load_device(path).file.faults}
    assert values["amplitude_gain"] == 1.25
    assert values["dc_leak"] == 200e-6
    assert values["missing_pulse"] is None


def test_a_driver_is_found_by_who_the_instrument_must_be(bench: Path) -> None:
    text = bench.read_text(encoding="utf-8")
    for driver in ("keysight-infiniivision", "ni-daqmx", "keysight-34970a"):
        line = f"    driver: {driver}\n"
        assert line in text
        text = text.replace(line, "")
    bench.write_text(text, encoding="utf-8")
    shipped = load_bench(FIXTURES / "benches/virtual.bench.yaml").instruments
    assert {name: entry.driver for name, entry in load_bench(bench).instruments.items()} == {
        name: entry.driver for name, entry in shipped.items()
    }


MISTAKES = [
    ("model: DSO-X 3034A,", "modle: DSO-X 3034A,", "unknown key 'modle'"),
    ("absolute_maximum: 11 V", "absolute_maximum: 11", "'11' has no unit"),
    ("absolute_maximum: 11 V", "half_range: 500 mV", "this range is not calibrated; calibrated are ±1 V, ±2 V, ±5 V"),
    ("rate: 1 MHz", "rate: 1 MV", "is not a unit of hertz"),
    ("role: oscilloscope", "role: oscilloskope", "did you mean 'oscilloscope'?"),
    ("driver: keysight-infiniivision", "driver: ni-daqmx", "a ni-daqmx is a digitizer, not a oscilloscope"),
    (
        "driver: keysight-infiniivision",
        "driver: keysigth-infiniivision",
        "no driver 'keysigth-infiniivision'; did you mean 'keysight-infiniivision'?",
    ),
    ("driver: keysight-infiniivision", "options: {fast: true}", "a keysight-infiniivision has no option 'fast'"),
    ("    driver: hasomed-sciencemode4\n", "", "'driver' is missing: no driver for a stimulator recognises it"),
    ("instrument: scope, ", "instrument: skope, ", "no instrument 'skope'; there are: scope, daq, switch, stimulator"),
    ("instrument: scope, ", "instrument: daq, ", "voltage is read by the oscilloscope; 'daq' is not one"),
    ("channel: ai0", "channel: ai7", "the record does not cover channel 'ai7', only ai0, ai1"),
    ("serial: MY00000001", "serial: MY00000002", "the calibration of another instrument"),
    ("nmes-box-1.loadbox.yaml", "nmes-box-2.loadbox.yaml", "there is no file"),
    ("bench: virtual", "bench: ../../etc/passwd", "is not of the form"),
    ('serial: "0"', 'serial: "<b>0"', "is not of the form"),
    ("twin: {seed: 20261122, faults: []}\n", "", "'twin' is an address of a virtual bench only"),
    ("faults: []", "faults: [{instrument: scop, kind: timeout}]", "no instrument 'scop'"),
    ("    device: Dev1\n", "", "a ni-daqmx needs a 'device'"),
    (
        "faults: []",
        "faults: [{instrument: scope, kind: mute}]",
        "mute is a fault of an interlock or a load-switch; 'scope' is not one",
    ),
    (
        "faults: []",
        "faults: [{instrument: daq, kind: wrong_relay}]",
        "wrong_relay is a fault of a load-switch; 'daq' is not one",
    ),
    ("    device: Dev1\n", "    device: Dev1\n    channel: 1\n", "a ni-daqmx has no 'channel'"),
    ("clock: {driver: virtual-clock, address: twin}\n", "", "a virtual bench needs a 'clock'"),
]


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES, ids=[mistake[2][:40] for mistake in MISTAKES])
def test_mistakes_are_told_at_file_line_and_column(bench: Path, old: str, new: str, message: str) -> None:
    edit(bench, old, new)
    with pytest.raises(DocumentInvalid) as caught:
        load_bench(bench)
    told = [problem for problem in caught.value.problems if message in problem.message]
    assert told, str(caught.value)
    assert told[0].file == str(bench)
    assert told[0].line > 1


def test_the_place_is_that_of_the_mistake(bench: Path) -> None:
    line, column = edit(bench, "400 V", "400 A")
    with pytest.raises(DocumentInvalid) as caught:
        load_bench(bench)
    (problem,) = caught.value.problems
    assert (problem.line, problem.column, problem.key) == (line, column, "signals.voltage.full_scale")


def test_all_mistakes_of_a_file_at_once(bench: Path) -> None:
    edit(bench, "400 V", "400 A")
    edit(bench, "1 MHz", "fast")
    edit(bench, "role: digitizer", "role: digitiser")
    with pytest.raises(DocumentInvalid) as caught:
        load_bench(bench)
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  1 kohm:", "  1 kilo:", "is not a unit of ohm"),
        ("  1 kohm:", "  500.0 ohm:", "the position '500 ohm' is given twice"),
        ("  1 kohm:", "  3 kohm:", "the calibrated value, 1.00031 kohm, is not a resistor of 3 kohm"),
        ("0.21 ohm", "2.1 ohm", "2.1 ohm is no short circuit: that has at most 1 ohm"),
        ("  short:", "  shorted:", "'shorted' is not a quantity; write for example '500 ohm', or 'short'"),
        ("relays: [102]", "relays: [101]", "the relays 101 belong to another position"),
        ("relays: [102]", "relays: []", "expected at least 1 value"),
        ("uncertainty: 0.1 ohm", "uncertainty: -0.1 ohm", "negative"),
        ("power_rating: 25 W", "power_rating: 25", "has no unit"),
        ("due: 2027-03-17", "due: 2025-03-17", "not after it was performed"),
        ("due: 2027-03-17", "due: soon", "expected a date"),
    ],
)
def test_mistakes_of_a_load_box(bench: Path, old: str, new: str, message: str) -> None:
    box = bench.parent.parent / "loads" / "nmes-box-1.loadbox.yaml"
    edit(box, old, new)
    with pytest.raises(DocumentInvalid, match=r"nmes-box-1\.loadbox\.yaml:") as caught:
        load_bench(bench)
    assert message in str(caught.value)


NETWORK = """\
  1 kohm RC:
    relays: [110]
    resistance: 801 ohm
    uncertainty: 0.2 ohm
    parallel_capacitance: 100 nF
    capacitance_uncertainty: 0.3 nF
    series_resistance: 200 ohm
    series_uncertainty: 0.1 ohm
    power_rating: 10 W
"""


def with_network(bench: Path, old: str = "", new: str = "") -> BenchDefinition:
    box = bench.parent.parent / "loads" / "nmes-box-1.loadbox.yaml"
    text = box.read_text(encoding="utf-8")
    box.write_text(text + NETWORK.replace(old, new), encoding="utf-8")
    return load_bench(bench)


def test_a_network_is_named_for_its_resistance_to_direct_current(bench: Path) -> None:
    definition = with_network(bench)
    load = definition.loads["1 kohm RC"]
    assert (load.nominal, load.resistance, load.reactive) == (1000.0, 1001.0, True)
    assert load.uncertainty == pytest.approx(math.hypot(0.2, 0.1))
    assert load.network is not None
    assert load.network.tau == pytest.approx(80.1e-6)
    assert definition.relays["1 kohm RC"] == (110,)
    assert not definition.loads["1 kohm"].reactive


def test_a_network_may_have_no_resistance_in_series(bench: Path) -> None:
    lines = [line for line in NETWORK.splitlines(keepends=True) if "series" not in line]
    load = with_network(bench, NETWORK, "".join(lines).replace("801", "1001")).loads["1 kohm RC"]
    assert load.network is not None
    assert (load.network.series, load.resistance) == (0.0, 1001.0)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("1 kohm RC:", "2 kohm RC:", "the calibrated value, 1.001 kohm, is not a resistor of 2 kohm"),
        ("1 kohm RC:", "1001 ohm:", "the name of a load ends in 'RC' if it holds a capacitor, and only then"),
        ("    capacitance_uncertainty: 0.3 nF\n", "", "say how well such a load is known"),
        ("    series_uncertainty: 0.1 ohm\n", "", "say how well such a load is known"),
        ("    parallel_capacitance: 100 nF\n", "", "belongs to a load with a 'parallel_capacitance'"),
        ("0.3 nF", "-0.3 nF", "negative"),
        ("100 nF", "100 ohm", "is not a unit of farad"),
    ],
)
def test_mistakes_of_a_network(bench: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(DocumentInvalid) as caught:
        with_network(bench, old, new)
    assert message in str(caught.value)


def test_a_digitizer_without_calibrated_ranges_needs_a_named_one(bench: Path) -> None:
    record = bench.parent.parent / "calibration" / "usb-6366-01E2D3C4.calibration.yaml"
    lines = record.read_text(encoding="utf-8").splitlines(keepends=True)
    record.write_text("".join(one for one in lines if "range" not in one or one.startswith("#")), encoding="utf-8")
    with pytest.raises(DocumentInvalid, match="'half_range' is missing: the calibration record names no ranges"):
        load_bench(bench)
    edit(bench, "absolute_maximum: 11 V", "half_range: 2 V")
    assert load_bench(bench).half_ranges == (2.0,)


def test_a_range_is_stated_once(bench: Path) -> None:
    edit(
        bench.parent.parent / "calibration" / "usb-6366-01E2D3C4.calibration.yaml",
        "half_range: 5 V",
        "half_range: 10 V",
    )
    with pytest.raises(DocumentInvalid, match="the range ±10 V is given twice"):
        load_bench(bench)


def test_equal_names_are_one_load(bench: Path) -> None:
    edit(bench.parent.parent / "loads" / "nmes-box-1.loadbox.yaml", "  1 kohm:", "  1000 ohm:")
    assert "1 kohm" in load_bench(bench).loads


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("serial: P24-000123", "serial: P24-0001234", "reports 10 characters at most"),
        ("serial: P24-000123", 'serial: "../P24"', "is not of the form"),
        ("serial: P24-000123", 'serial: "P24\\e[2J"', "is not of the form"),
        ("value: 125 %", "value: 125 mA", "is not a unit of a ratio"),
        ("value: 125 %", "value: 1.25", "put it in quotes"),
        ("amplitude_gain", "amplitude_gian", "did you mean 'amplitude_gain'?"),
        ("voltage: 150 V", "voltage: -150 V", "must be positive"),
        ("device_class: therapy", "device_class: toy", "expected 'therapy'"),
    ],
)
def test_mistakes_of_a_device(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "x.dut.yaml"
    shutil.copyfile(FIXTURES / "duts" / "faulty" / "amplitude-gain.dut.yaml", path)
    edit(path, old, new)
    with pytest.raises(DocumentInvalid) as caught:
        load_device(path)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "amplitude: 130 mA, phase",
            "amplitude: 131 mA, phase",
            "131 mA of amplitude, beyond what 'ratings' declare, 130 mA",
        ),
        ("phase_duration: 500 us, rate", "phase_duration: 5 ms, rate", "5 ms of phase_duration, beyond"),
        ("rate: 100 Hz}", "rate: 1 kHz}", "1 kHz of rate, beyond"),
        ("rate: 100 Hz}", "}", "rate"),
        ("[{amplitude: 130 mA, phase_duration: 500 us, rate: 100 Hz}]", "[]", "at least 1"),
        (
            "mode: NMES monophasic\n    shape: monophasic",
            "mode: NMES symmetric\n    shape: biphasic_symmetric",
            "more than once",
        ),
    ],
)
def test_mistakes_of_the_declared_modes(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "x.dut.yaml"
    shutil.copyfile(FIXTURES / "duts" / "p24-healthy.dut.yaml", path)
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(DocumentInvalid) as caught:
        load_device(path)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "schema"),
    [
        ("benches/*.yaml", bench_json_schema()),
        ("duts/**/*.dut.yaml", device_json_schema()),
        ("calibration/*.yaml", calibration_json_schema()),
        ("loads/*.loadbox.yaml", loadbox_json_schema()),
        ("loads/*.resistor.yaml", resistor_json_schema()),
    ],
)
def test_shipped_files_satisfy_the_exported_schemas(pattern: str, schema: dict[str, object]) -> None:
    json.dumps(schema)
    paths = sorted(FIXTURES.glob(pattern))
    assert paths
    for path in paths:
        jsonschema.validate(read_document(path).data, schema)
