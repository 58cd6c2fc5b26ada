from __future__ import annotations

from pathlib import Path

import pytest

from rig.bench.catalog import driver_names, driver_of, drivers_for
from rig.bench.reading import load_bench
from rig.bench.scan import Surroundings, proposal, scan
from rig.bench.transport.discovery import CardFound, PortFound
from rig.twin.config import TwinConfig
from rig.twin.server import serve

FIXTURES = Path(__file__).parents[2] / "fixtures"
SCOPE = {"manufacturer": "KEYSIGHT TECHNOLOGIES", "model": "DSO-X 3034A", "serial": "MY1", "firmware": '2"5'}
SWITCH = {"manufacturer": "HEWLETT-PACKARD", "model": "34970A", "serial": "0", "firmware": "13-2-2"}
CONFIG = TwinConfig.model_validate({
    "device": {"identity": {"manufacturer": "HASOMED", "model": "P24", "serial": "1", "firmware": "1"}},
    "instruments": {
        "scope": {"protocol": "infiniivision", "identity": SCOPE},
        "switch": {"protocol": "34970a", "identity": SWITCH},
    },
})


def test_what_is_there_is_found_and_makes_a_bench_file(tmp_path: Path) -> None:
    nobody = "TCPIP::127.0.0.1::1::SOCKET"
    with serve(CONFIG) as bench:
        addresses = {one.name: one.address for one in reversed(bench.listening)}
        around = Surroundings(
            resources=lambda _: (addresses["scope"],),
            ports=lambda: (
                PortFound(address="/dev/ttyACM0", usb="0483:5740", serial="P24-1"),
                PortFound(address="/dev/ttyS0"),
            ),
            cards=lambda: (CardFound(device="Dev1", model="USB-6366", serial="01E2D3C4"),),
        )
        found = scan(also=[addresses["switch"], nobody], around=around)
    shown = {one.address: one for one in found}
    assert shown[addresses["scope"]].drivers[0].name == "keysight-infiniivision"
    assert shown["/dev/ttyACM0"].drivers[0].name == "hasomed-sciencemode4"
    assert not shown["/dev/ttyS0"].drivers
    assert "cannot be reached" in shown[nobody].problem
    text = proposal(found)
    (tmp_path / "loads.yaml").write_text((FIXTURES / "loads/nmes-box-1.loadbox.yaml").read_text(encoding="utf-8"))
    filled = {
        "<name>": "found",
        "<what it is>": "A bench",
        "<file of the device under test>": str(FIXTURES / "duts/p24-healthy.dut.yaml"),
        "<attenuation>": "10",
        "<widest range>": "400 V",
        "<sample rate>": "1 MHz",
        "<file of it>": str(FIXTURES / "loads/sense-10ohm.resistor.yaml"),
        "<file of the load box>": "loads.yaml",
    }
    for left, right in filled.items():
        assert left in text
        text = text.replace(left, right)
    records = iter(["dso-x-3034a-MY00000001", "usb-6366-01E2D3C4"])
    while "<file of the calibration record>" in text:
        record = FIXTURES / f"calibration/{next(records)}.calibration.yaml"
        text = text.replace("<file of the calibration record>", str(record), 1)
    path = tmp_path / "found.bench.yaml"
    path.write_text(text.replace('"MY1"', '"MY00000001"').replace('"2\\"5"', '"2.5"'), encoding="utf-8")
    definition = load_bench(path)
    assert {name: entry.driver for name, entry in definition.instruments.items()} == {
        "oscilloscope": "keysight-infiniivision",
        "load-switch": "keysight-34970a",
        "stimulator": "hasomed-sciencemode4",
        "digitizer": "ni-daqmx",
    }


@pytest.mark.parametrize("name", driver_names())
def test_what_one_driver_recognises_no_other_of_its_role_does(name: str) -> None:
    driver = driver_of(name)
    assert driver is not None
    others = [one for one in map(driver_of, driver_names()) if one is not None and one.role == driver.role]
    same = [one.name for one in others if one.recognises and one.recognises == driver.recognises]
    assert not driver.recognises or same == [name]


@pytest.mark.parametrize(
    ("who", "name"),
    [
        ("AGILENT TECHNOLOGIES,DSO-X 2024A", "keysight-infiniivision"),
        ("Keysight Technologies,DSOX1204G", "keysight-infiniivision"),
        ("Agilent Technologies,34972A", "keysight-34970a"),
        ("Agilent Technologies,34980A", "keysight-34980a"),
        ("RIGOL TECHNOLOGIES,DP832", "rigol-dp800"),
        ("RIGOL TECHNOLOGIES,DS1104Z", "rigol-ds1000z"),
        ("RIGOL TECHNOLOGIES,DHO804", "rigol-dho"),
        ("Siglent Technologies,SDS1104X-E", "siglent-sds1000xe"),
        ("Siglent Technologies,SDS2104X", "siglent-sds1000xe"),
        ("Siglent Technologies,SDS2104X HD", "siglent-sdshd"),
        ("Siglent Technologies,SDS2354X Plus", "siglent-sdshd"),
        ("Siglent Technologies,SDS814X HD", "siglent-sdshd"),
        ("Rohde&Schwarz,RTM3004", "rohde-schwarz-rtb"),
        ("Rohde&Schwarz,RTP164", "rohde-schwarz-rto"),
        ("Rohde&Schwarz,MXO44", "rohde-schwarz-rto"),
        ("TEKTRONIX,MSO56", "tektronix-mso"),
        ("TEKTRONIX,MSO2024B", "tektronix-dpo"),
        ("TEKTRONIX,TBS2104", "tektronix-dpo"),
        ("Keysight Technologies,E36312A", "keysight-e36300"),
    ],
)
def test_instruments_are_recognised_by_what_they_say(who: str, name: str) -> None:
    found = list(drivers_for(who))
    assert name in [driver.name for driver in found]
    assert len([driver for driver in found if driver.role == "oscilloscope"]) <= 1


def test_a_stranger_is_not_recognised() -> None:
    assert not drivers_for("ACME,Coyote 9000")
    assert not drivers_for("usb:")
