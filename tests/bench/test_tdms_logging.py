"""Long acquisitions logged as TDMS by the card's driver too, read by nptdms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from nptdms import TdmsFile

from rig.bench.bench_file import InstrumentEntry
from rig.bench.drivers.ni_daqmx import opened
from rig.bench.opening import Opening
from rig.errors import InstrumentError
from rig.model.setup import DigitizerSetup
from rig.twin.config import TwinConfig
from rig.twin.server import serve
from tests.bench.scripted_peer import ManualClock

CONFIG = TwinConfig.model_validate({
    "seed": 3,
    "device": {"identity": {"manufacturer": "HASOMED", "model": "P24", "serial": "1", "firmware": "1"}},
    "instruments": {"daq": {"protocol": "nidaqmx-grpc", "device": "Dev1", "inputs": {"ai0": "current"}, "noise": 1e-3}},
})


def opening(address: str, folder: Path) -> Opening:
    entry = InstrumentEntry.model_validate({
        "role": "digitizer",
        "driver": "ni-daqmx",
        "address": address,
        "device": "Dev1",
        "options": {"tdms_folder": str(folder)},
    })
    return Opening(name="daq", entry=entry, address=address, clock=ManualClock())


@pytest.mark.supports("ni-daqmx", "third-party client")
def test_what_is_read_of_an_endless_acquisition_is_in_the_file_too(tmp_path: Path) -> None:
    with serve(CONFIG) as bench:
        card = opened(opening(bench.listening[0].address, tmp_path))
        setup = card.configure(DigitizerSetup(channels={"ai0": 1.0, "ai1": 5.0}, rate=100e3, samples=20_000_001))
        card.start()
        blocks = [card.read_block(1000, 10.0) for _ in range(3)]
        card.halt()
        card.close()
    (path,) = tmp_path.iterdir()
    assert path.name.startswith("daq-")
    (group,) = TdmsFile.read(path).groups()
    for name in ("ai0", "ai1"):
        channel = next(one for one in group.channels() if one.name.endswith(name))
        read = np.concatenate([block[name].values() for block in blocks])
        assert np.array_equal(channel[:], read)
        assert channel.properties["wf_increment"] == pytest.approx(1 / setup.rate)


def test_a_short_acquisition_makes_no_file(tmp_path: Path) -> None:
    with serve(CONFIG) as bench:
        card = opened(opening(bench.listening[0].address, tmp_path))
        card.configure(DigitizerSetup(channels={"ai0": 1.0}, rate=100e3, samples=1000))
        card.start()
        card.read(10.0)
        card.close()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_told_before_anything_is_sampled(tmp_path: Path) -> None:
    with serve(CONFIG) as bench:
        card = opened(opening(bench.listening[0].address, tmp_path / "absent"))
        with pytest.raises(InstrumentError, match="-201304: The file path is invalid"):
            card.configure(DigitizerSetup(channels={"ai0": 1.0}, rate=100e3, samples=20_000_001))
        card.close()
