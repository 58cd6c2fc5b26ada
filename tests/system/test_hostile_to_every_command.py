"""A bundle that anybody may have made, given to every command that opens one: an answer or one message, never more."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from rig.cli import app, told
from rig.errors import RigError
from rig.evidence.manifest import MANIFEST, manifest_bytes
from rig.evidence.signing import write_key_pair
from rig.evidence.store import Bundle
from rig.model.waveform import Capture, Purpose
from tests.hostile_captures import spoilt
from tests.report.conftest import case, run, samples_of

CASE = "amplitude-accuracy[20mA-500ohm]"
REQUIREMENTS = Path(__file__).parents[2] / "fixtures" / "requirements" / "p24.requirements.yaml"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A small bundle, one like it to compare with, and a key."""

    bundle: Path
    record: Json
    key: Path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A sealed bundle of one case with two captures."""
    folder = tmp_path_factory.mktemp("made")
    record = run((case(1, 0.02, "500 ohm"),), bench=None)
    bundle, samples, entries = Bundle.create(folder, record.run_id), samples_of(record), []
    for entry in record.cases[0].captures:
        capture = Capture(id=entry.id, purpose=Purpose(entry.purpose), waveforms=samples(entry), triggered=True)
        entries.append(entry.model_copy(update={"source": bundle.write_capture(capture)}))
    record = record.model_copy(update={"cases": (record.cases[0].model_copy(update={"captures": tuple(entries)}),)})
    bundle.write_record(record)
    bundle.seal(None)
    write_key_pair(folder / "a.key")
    return Made(
        bundle=bundle.folder, record=json.loads((bundle.folder / "record.json").read_bytes()), key=folder / "a.key"
    )


def commands(made: Made, bundle: Path, out: Path) -> Iterator[list[str]]:
    given = str(bundle)

    def there(name: str) -> str:
        return str(out / name)

    database = ["--history", there("history.sqlite"), "--evidence", str(out)]
    yield ["verify", given]
    yield ["report", given, "--html", there("report.html")]
    yield ["explain", given, CASE, "phase_top"]
    yield ["replay", given, "--jobs", "1", "--afresh"]
    yield ["trace", given, "--requirements", str(REQUIREMENTS), "--html", there("t.html"), "--csv", there("t.csv")]
    yield ["history", "add", given, *database]
    yield ["history", *database]
    yield ["trend", "phase_top", "--engineering", "--html", there("trend.html"), *database]
    yield ["compare", str(made.bundle), given, "--html", there("compare.html"), *database]
    yield ["digest", given, "--html", there("digest.html"), "--markdown", there("digest.md"), *database]
    for name in ("junit", "atml", "csv", "npz", "tdms"):
        yield ["export", given, "--to", name, "-o", there(f"out.{name}")]
    yield ["sign", given, "--name", "A", "--meaning", "reviewed", "--incomplete", "x", "--key", str(made.key), "--yes"]
    yield ["recover", given]


def answered(
    made: Made, bundle: Path, tmp_path: Path, *, only: tuple[str, ...] = (), beside: str = ""
) -> dict[str, tuple[int, str]]:
    """Give a bundle to every command, or to some; return exit codes and all that was said."""
    found = {}
    out = tmp_path / "out"
    out.mkdir()
    for asked in commands(made, bundle, out):
        name = " ".join(one for one in asked[:2] if one != str(bundle)) if asked[0] != "export" else asked[3]
        name = name.partition(" ")[0] if name != "history add" else name
        if only and name not in only:
            continue
        done = CliRunner().invoke(app, asked)
        if isinstance(done.exception, RigError):  # what ``main`` makes one message and 2 of
            found[name] = 2, told(done.exception)
        else:
            assert done.exception is None or isinstance(done.exception, SystemExit), (asked, done.exception)
            found[name] = done.exit_code, done.output
    allowed = {bundle.name, "out", beside, f"{bundle.name}.signoffs.jsonl", f"{bundle.name}.signoffs.jsonl.lock"}
    assert {path.name for path in tmp_path.iterdir()} <= allowed
    return found


@pytest.fixture
def bundle(made: Made, tmp_path: Path) -> Path:
    """A copy that may be spoilt."""
    return shutil.copytree(made.bundle, tmp_path / "bundle")


def rewritten(bundle: Path, record: object) -> Path:
    """Write another record, and a manifest that fits it: anybody can who does not have to sign."""
    (bundle / "record.json").write_text(record if isinstance(record, str) else json.dumps(record), encoding="utf-8")
    (bundle / MANIFEST).unlink()
    (bundle / MANIFEST).write_bytes(manifest_bytes(bundle))
    return bundle


def said_by(one: object, kind: type, change: Callable[[str, Any], object], key: str = "") -> object:
    """Return a record in which every value of some kind is another."""
    if isinstance(one, dict):
        return {name: said_by(inner, kind, change, name) for name, inner in one.items()}
    if isinstance(one, list):
        return [said_by(inner, kind, change, key) for inner in one]
    return change(key, one) if type(one) is kind else one


_MEANT = frozenset({
    "schema", "verdict", "rule", "decision_rule", "purpose", "unit", "statistic", "confidence", "end_reason", "started",
    "finished", "performed", "due", "sha256", "file", "signal", "polarity", "shape", "distribution", "id", "plan",
})  # fmt: skip

TEXTS = (
    "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}",
    "a\u202eb\u2066c\x1b[31md\x00\x07\u200f",
    "]]>&#0;<![CDATA[\ufffe\uffff\x0b\x01",
    '#panic("x") $x^2$ *b* #read("/etc/passwd") @ref <lab>',
    "=cmd|'/c calc'!A0,\"x\n\r;\t+1",
    "'; DROP TABLE runs; --",
    "../../escaped",
    "",
    "x" * 3000,
)


@pytest.mark.parametrize("ids", [False, True], ids=["texts", "ids"])
def test_hostile_texts_stay_texts(made: Made, bundle: Path, tmp_path: Path, ids: bool) -> None:
    """Every text of the record is one of the hostile ones, by turns."""
    chosen, turns = (_MEANT - {"id", "plan"} if ids else _MEANT), itertools.cycle(TEXTS)
    rewritten(bundle, said_by(made.record, str, lambda key, one: one if key in chosen else next(turns)))
    found = answered(made, bundle, tmp_path)
    assert found["verify"][0] == 0
    for _, said in found.values():
        assert not {"\u202e", "\u2066", "\x1b", "\x00", "\x07", "\x0b"} & {*said}
    for page in (tmp_path / "out").glob("*.html"):
        content = page.read_text(encoding="utf-8")
        assert "<script>alert" not in content
        assert "<img src=x" not in content


NUMBERS = {"1e308": 1e308, "-1e99": -1e99, "5e-324": 5e-324, "0": 0.0}


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS.keys())
def test_hostile_numbers_are_shown_or_refused(made: Made, bundle: Path, tmp_path: Path, number: float) -> None:
    rewritten(bundle, said_by(made.record, float, lambda _, __: number))
    found = answered(made, bundle, tmp_path)
    assert found["verify"][0] == 0
    if number > 1e100:
        assert {code for name, (code, _) in found.items() if name not in {"verify", "history"}} == {2}
        assert "a number in it is 1e+308" in found["explain"][1]


MOMENTS = {
    "the first": "0001-01-01T00:00:00+14:00",
    "the last": "9999-12-31T23:59:59-14:00",
    "none": "2026-01-01T00:00",
}


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS.keys())
def test_moments_at_the_ends_of_the_calendar(made: Made, bundle: Path, tmp_path: Path, moment: str) -> None:
    dates = {"started", "finished"}
    rewritten(bundle, said_by(made.record, str, lambda key, one: moment if key in dates else one))
    answered(made, bundle, tmp_path)


def first(record: Json, **changes: object) -> Json:
    return {**record, "cases": [{**record["cases"][0], **changes}]}


RECORDS: dict[str, Callable[[Json], object]] = {
    "no case": lambda record: {**record, "cases": []},
    "one case thrice": lambda record: {**record, "cases": record["cases"] * 3},
    "retried alone": lambda record: first(record, retried=True),
    "nothing measured": lambda record: first(record, measurements=[], judgements=[], captures=[]),
    "no bench": lambda record: {**record, "bench": None, "device": None, "plans": [], "packs": []},
    "another version": lambda record: {**record, "schema": "rig-record/2"},
    "a list": lambda _: [],
    "deep": lambda _: '{"schema": "rig-record/1", "run_id": ' + "[" * 200_000,
    "many digits": lambda record: json.dumps(record).replace('"attempt": 1', f'"attempt": {"9" * 30}'),
    "NaN": lambda record: first(record, duration=float("nan")),
    "surrogate": lambda record: first(record, title="\ud800"),
}


@pytest.mark.parametrize("change", RECORDS.values(), ids=RECORDS.keys())
def test_records_that_are_none_or_hold_nothing(
    made: Made, bundle: Path, tmp_path: Path, change: Callable[[Json], object]
) -> None:
    rewritten(bundle, change(made.record))
    found = answered(made, bundle, tmp_path)
    assert found["trace"][0] in {2, 3}  # nothing is covered
    assert found["replay"][0] in {2, 3, 4}  # nothing is the same


@pytest.mark.skipif(os.name == "nt", reason="links need rights there, and there are no pipes")
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("record.json", "link"),
        ("record.json", "pipe"),
        (MANIFEST, "pipe"),
        ("captures", "link"),
        ("signal", "pipe"),
        ("signal", "link"),
        ("signal", "folder"),
        (".", "pipe"),
        (".", "missing"),
        (".", "folder"),
    ],
)
def test_what_is_no_plain_file_is_neither_followed_nor_waited_for(
    made: Made, bundle: Path, tmp_path: Path, name: str, kind: str
) -> None:
    where = next(bundle.glob("captures/signal*")) if name == "signal" else bundle / name
    outside = tmp_path / "out-of-it"
    where.rename(outside)
    match kind:
        case "link":
            where.symlink_to(outside)
        case "pipe":
            os.mkfifo(where)
        case "folder":
            where.mkdir()
        case _:
            assert kind == "missing"
    found = answered(made, bundle, tmp_path, beside=outside.name)
    assert found["verify"][0] == 1
    assert {found[one][0] for one in ("replay", "trace", "csv", "compare", "sign", "history add")} == {2}


@pytest.mark.parametrize(
    "kind", ["external link", "external storage", "virtual", "empty", "not numbers", "named often", "declared"]
)
def test_captures_that_lead_elsewhere_or_hold_nothing(made: Made, bundle: Path, tmp_path: Path, kind: str) -> None:
    secret = bundle.parent / "out" / "secret.h5"
    record = json.loads(json.dumps(made.record))
    for capture in record["cases"][0]["captures"]:
        path = bundle / capture["source"]["file"]
        with h5py.File(path, "r+") as file:
            (name,) = list(file)
            attributes = dict(file[name].attrs)
            del file[name]
            spoilt(file, name, kind, secret)
            if kind != "external link":
                file[name].attrs.update(attributes)
        capture["source"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    found = answered(made, rewritten(bundle, record), tmp_path, only=("report", "npz", "tdms"))
    assert found["report"][0] == 0
    if kind in {"external link", "external storage", "virtual", "named often", "declared"}:
        assert {found["npz"][0], found["tdms"][0]} == {2}


ATTRIBUTES: dict[str, tuple[str, object]] = {
    "no interval": ("interval", 0.0),
    "tiny interval": ("interval", 5e-324),
    "interval before": ("interval", -1e-6),
    "interval unknown": ("interval", np.nan),
    "gain beyond": ("gain", 1e308),
    "no gain": ("gain", 0.0),
    "gains": ("gain", np.zeros(5)),
    "another unit": ("unit", "furlong"),
    "far away": ("start", 1e300),
    "a path": ("signal", "../../escaped"),
    "a history": ("history", 5),
    "a hole": ("hole", 10**12),
}


@pytest.mark.parametrize(("name", "value"), ATTRIBUTES.values(), ids=ATTRIBUTES.keys())
def test_captures_whose_axes_are_absurd(made: Made, bundle: Path, tmp_path: Path, name: str, value: object) -> None:
    record = json.loads(json.dumps(made.record))
    for capture in record["cases"][0]["captures"]:
        path = bundle / capture["source"]["file"]
        with h5py.File(path, "r+") as file:
            for dataset in file.values():
                dataset.attrs[name] = value
        capture["source"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    found = answered(made, rewritten(bundle, record), tmp_path, only=("report", "npz", "tdms"))
    assert found["report"][0] == 0
