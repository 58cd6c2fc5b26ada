"""``rig export``: evidence in the formats of other programs, and what is refused."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from nptdms import TdmsFile
from pyarrow import parquet

from rig.errors import EvidenceError, Refused
from rig.evidence.capture_file import read_capture
from rig.evidence.plain import hash_plain
from rig.evidence.verification import verify
from rig.harness.exporting import FORMATS, Chosen, export_bundles
from tests.system.running import ended

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.running import Command

EVERYTHING = Chosen()


def test_the_command_writes_beside_the_bundle_and_leaves_it_as_it_was(
    rig: Command, failed_bundle: Path, tmp_path: Path
) -> None:
    bundle = shutil.copytree(failed_bundle, tmp_path / failed_bundle.name)
    said = ended(rig("export", bundle, "--to", "parquet"), 0)
    written = tmp_path / f"{bundle.name}.measurements.parquet"
    assert said.strip() == f"parquet: {written}"
    rows = parquet.read_table(written).to_pylist()
    assert {row["manifest_sha256"] for row in rows} == {hash_plain(bundle / "manifest.json")}
    (failed,) = [row for row in rows if row["measurand"] == "net_charge" and row["verdict"]]
    assert failed["verdict"] == "FAIL"
    assert failed["upper"] == 500e-9
    assert (failed["instrument"], failed["calibration_certificate"]) == ("USB-6366", "ECL-2026-0417")
    assert verify(bundle) == ()


def test_bad_requests_are_one_sentence(rig: Command, failed_bundle: Path, tmp_path: Path) -> None:
    said = ended(rig("export", failed_bundle, "--to", "word", "-o", tmp_path / "x"), 2)
    assert "there is no format 'word'" in said
    assert all(name in said for name in FORMATS)


def test_the_help_names_every_format(rig: Command) -> None:
    said = " ".join(ended(rig("export", "--help"), 0).split())
    assert all(name in said for name in FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_says_which_bundle_it_comes_from(failed_bundle: Path, tmp_path: Path, name: str) -> None:
    chosen = Chosen(signal="voltage") if FORMATS[name].of_samples else EVERYTHING
    written = export_bundles([failed_bundle], name, tmp_path / "out", chosen)
    files = [written] if written.is_file() else sorted(written.iterdir())
    assert files
    hash_of_record = (hash_plain(failed_bundle / "record.json") or "").encode()
    if name not in {"npz", "allure"}:  # one is compressed, of the other each file is a part
        assert all(hash_of_record in path.read_bytes() for path in files)
    assert not list(tmp_path.glob("*.partial"))


def test_samples_are_those_of_the_bundle_at_the_load(failed_bundle: Path, tmp_path: Path) -> None:
    record = json.loads((failed_bundle / "record.json").read_text(encoding="utf-8"))
    (capture,) = [one for one in record["cases"][0]["captures"] if one["purpose"] == "signal"]
    (entry,) = [one for one in capture["waveforms"] if one["signal"] == "current"]
    kept = read_capture(failed_bundle / capture["source"]["file"])["current"]
    expected = kept.samples * entry["gain"] + entry["offset"]
    chosen = Chosen(capture=capture["id"], signal="current")
    (archive,) = export_bundles([failed_bundle], "npz", tmp_path / "npz", chosen).iterdir()
    with np.load(archive, allow_pickle=False) as found:
        assert np.array_equal(found["current"] * found["gain"] + found["offset"], expected)
        assert str(found["unit"]) == entry["unit"] == "A"
    (path,) = export_bundles([failed_bundle], "tdms", tmp_path / "tdms", chosen).iterdir()
    with TdmsFile.open(path) as file:
        assert [channel.name for channel in file[capture["id"]].channels()] == ["current"]
        assert np.array_equal(file[capture["id"]]["current"][:], expected)


def test_what_was_altered_is_not_exported(failed_bundle: Path, tmp_path: Path) -> None:
    bundle = shutil.copytree(failed_bundle, tmp_path / "altered")
    with next((bundle / "captures").glob("*signal*.h5")).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(EvidenceError, match=r"NOT INTACT: captures/.*signal.*: altered"):
        export_bundles([bundle], "csv", tmp_path / "a.csv", EVERYTHING)
    assert not (tmp_path / "a.csv").exists()


def test_what_was_never_sealed_is_exported_and_marked(failed_bundle: Path, tmp_path: Path) -> None:
    bundle = shutil.copytree(failed_bundle, tmp_path / "cut-off")
    (bundle / "manifest.json").unlink()
    written = export_bundles([bundle], "junit", tmp_path / "a.xml", EVERYTHING)
    told = {
        one.get("name"): one.get("value") or ""
        for one in ET.parse(written).iterfind("testsuite/properties/property")  # noqa: S314 - written by the code under test
    }
    assert "the evidence is incomplete" in told["incomplete"]
    assert "never sealed" in told["manifest_sha256"]
    (bundle / "record.json").unlink()
    with pytest.raises(EvidenceError, match="rig recover"):
        export_bundles([bundle], "junit", tmp_path / "a.xml", EVERYTHING)


@pytest.mark.parametrize(
    ("name", "chosen", "said"),
    [
        ("csv", Chosen(signal="current"), "holds no samples"),
        ("csv", Chosen(case="nothing*"), r"no case is 'nothing\*'"),
        ("npz", Chosen(capture="none"), "there is no capture 'none': there are NMES-SMOKE"),
        ("tdms", Chosen(signal="pressure"), "there is no signal 'pressure': there are current"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(
    failed_bundle: Path, tmp_path: Path, name: str, chosen: Chosen, said: str
) -> None:
    with pytest.raises(Refused, match=said):
        export_bundles([failed_bundle], name, tmp_path / "out", chosen)
    assert list(tmp_path.iterdir()) == []


def test_brackets_of_an_id_are_no_pattern(failed_bundle: Path, tmp_path: Path) -> None:
    for pattern in ("balance[300us]", "balance*", "*[300us]"):
        assert export_bundles([failed_bundle], "csv", tmp_path / "a.csv", Chosen(case=pattern)).exists()


def test_where_it_may_be_written(failed_bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="is evidence and is not added to"):
        export_bundles([failed_bundle], "csv", failed_bundle / "more.csv", EVERYTHING)
    with pytest.raises(Refused, match="--output says where"):
        export_bundles([failed_bundle, failed_bundle], "csv", None, EVERYTHING)
    with pytest.raises(Refused, match="one bundle at a time"):
        export_bundles([failed_bundle, failed_bundle], "junit", tmp_path / "a.xml", EVERYTHING)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/of.txt").write_text("something", encoding="utf-8")
    with pytest.raises(Refused, match="new or empty"):
        export_bundles([failed_bundle], "npz", tmp_path / "full", EVERYTHING)
