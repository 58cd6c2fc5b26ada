"""What a replay compares, and how a capture is read back for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rig.errors import EvidenceError
from rig.evidence import mapping
from rig.evidence.kept_capture import kept_file, open_kept
from rig.evidence.record import CaptureEntry, CaseRecord, FileEntry, JudgementEntry, MeasurementEntry
from rig.evidence.store import Bundle
from rig.model.happening import Action, Happening
from rig.model.recording import LongCapture
from rig.model.verdict import Verdict
from rig.model.waveform import Capture, Purpose, Waveform
from rig.sequencer.replay.answer import CODE, Answer
from rig.sequencer.replay.many import replay_many
from rig.sequencer.replay.result import CaseReplay, ReplayResult, compare_cases
from rig.sequencer.replay.show import replay_exit_code, show_replay
from rig.sequencer.resumable import software
from rig.units import Unit

ROOT = Path(__file__).parents[2]


def case(verdict: str = "PASS", *, value: float = 0.0, checks: tuple[str, ...] = ("PASS",)) -> CaseRecord:
    stimulus = {
        "channel": 1,
        "shape": "monophasic",
        "amplitude": 0.02,
        "phase_duration": 3e-4,
        "interphase": 0.0,
        "rate": 50.0,
        "train": 0.2,
        "polarity": "positive",
    }
    limit = {"measurand": "net_charge", "lower": None, "upper": 1.0, "unit": Unit.COULOMB, "text": "", "source": ""}
    return CaseRecord(
        id="a",
        plan="P",
        title="",
        location="p:1:1",
        verdict=Verdict(verdict),
        decision_rule="guarded",
        stimulus=stimulus,
        measurements=(MeasurementEntry(measurand="net_charge", unit=Unit.COULOMB, value=value, n=1),),
        judgements=tuple(
            JudgementEntry.model_validate({"limit": limit, "rule": "guarded", "verdict": one, "reason": ""})
            for one in checks
        ),
    )


def result(*cases: CaseReplay) -> ReplayResult:
    return ReplayResult(run_id="r", before=Verdict.PASS, after=Verdict.PASS, recorded_with="rig 1", cases=cases)


def test_every_bit_counts() -> None:
    assert compare_cases(case(), case()).outcome == "same"
    assert compare_cases(case(value=0.1), case(value=np.nextafter(0.1, 1.0))).outcome == "values changed"
    assert compare_cases(case(value=0.0), case(value=-0.0)).outcome == "values changed"


def test_a_check_that_is_new_or_gone_is_another_verdict() -> None:
    assert compare_cases(case(), case(checks=("PASS", "PASS"))).outcome == "verdict changed"
    assert compare_cases(case(checks=("PASS", "PASS")), case()).outcome == "verdict changed"
    (change,) = compare_cases(case(checks=("PASS", "FAIL")), case(checks=("PASS", "PASS"))).judgements
    assert change.before is not None
    assert change.before.verdict is Verdict.FAIL


def test_what_was_refused_is_said_before_what_changed() -> None:
    same, values = compare_cases(case(), case()), compare_cases(case(value=1.0), case(value=2.0))
    verdict = compare_cases(case(), case("FAIL"))
    answers = [Answer(bundle="b", result=result(one)) for one in (same, values, verdict)]
    assert [replay_exit_code(answers[:count]) for count in (1, 2, 3)] == [0, 3, 1]
    assert replay_exit_code([*answers, Answer(bundle="b", refused="not intact")]) == 2


def test_what_was_taken_from_the_record_is_never_identical() -> None:
    taken = compare_cases(case(), case(), taken=("why",))
    assert taken.outcome == "not done again"
    assert compare_cases(case(), case("FAIL"), taken=("why",)).outcome == "verdict changed"
    assert compare_cases(case(value=1.0), case(value=2.0), taken=("why",)).outcome == "values changed"
    one = Answer(bundle="b", result=result(compare_cases(case(), case()), taken))
    assert replay_exit_code([one]) == 4
    lines = list(show_replay(one))
    assert lines == [
        "b: PASS: 1 of 2 cases identical, the others are the record's in part or as a whole",
        "  from the record: why: P a",
    ]
    values = Answer(bundle="b", result=result(compare_cases(case(value=1.0), case(value=2.0))))
    assert replay_exit_code([one, values]) == 3
    assert replay_exit_code([Answer(bundle="b", result=result())]) == 4, "of a run without cases nothing was done again"


def test_another_plan_and_other_defects_are_told() -> None:
    other = case().model_copy(update={"title": "another", "load": None, "forecasts": ()})
    change = compare_cases(case(), other)
    assert (change.outcome, change.others) == ("values changed", ("what is planned: title",))
    capture = CaptureEntry(
        id="c",
        purpose="signal",
        source=FileEntry(origin="", file="c.h5", sha256=""),
        triggered=True,
        waveforms=(),
    )
    clean, clipped = (
        case().model_copy(update={"captures": (capture.model_copy(update={"defects": defects}),)})
        for defects in ((), ("current: it clipped",))
    )
    assert compare_cases(clean, clipped).others == ("what is wrong with its captures",)


def test_every_case_that_was_not_done_again_is_named() -> None:
    cases = [compare_cases(case(), case(), taken=("why",)).model_copy(update={"id": f"c{n}"}) for n in range(30)]
    (_, line) = show_replay(Answer(bundle="b", result=result(*cases)))
    assert line == f"  from the record: why: P {', '.join(f'c{n}' for n in range(30))}"


def test_a_value_that_only_looks_the_same_is_told_with_what_is_otherwise() -> None:
    last = Answer(bundle="b", result=result(compare_cases(case(value=0.1), case(value=np.nextafter(0.1, 1.0)))))
    assert any(line.endswith("; value") for line in show_replay(last, values=True))
    signed = Answer(bundle="b", result=result(compare_cases(case(value=0.0), case(value=-0.0))))
    assert any("0 C → -0 C" in line for line in show_replay(signed, values=True))


def test_known_results_depend_on_all_code_that_makes_them() -> None:
    told = "import sys, rig.sequencer.replay.cluster; print(*(m for m in sys.modules if m.startswith('rig.')))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, cwd=ROOT)
    parts = {name.split(".")[1] for name in done.stdout.split()}
    known = {name.removesuffix(".py") for name in CODE}
    assert "guard" in parts, "nothing was imported"
    assert parts <= known
    hashes = [software(parts)["code"] for parts in (("errors.py",), ("roles.py",), (), CODE, CODE[1:])]
    assert len(set(hashes)) == len(hashes)


def test_a_process_that_dies_costs_no_bundle_its_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dies = "import os, sys\nif '--multiprocessing-fork' in sys.orig_argv: os._exit(3)\n"
    (tmp_path / "sitecustomize.py").write_text(dies, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    bundles = [tmp_path / "a", tmp_path / "b"]
    answers = list(replay_many(bundles, jobs=2))
    assert [one.bundle for one in answers] == [str(one) for one in bundles]
    assert all("died" in one.refused for one in answers)
    assert replay_exit_code(answers) == 2


def test_titles_of_values_are_shown_on_request_only() -> None:
    answer = Answer(bundle="b", result=result(compare_cases(case(value=1e-6), case(value=2e-6))))
    assert any("1 measured values" in line for line in show_replay(answer))
    assert any("net_charge: 1 uC → 2 uC" in line.replace("µ", "u") for line in show_replay(answer, values=True))


def captured(**changes: object) -> Capture:
    codes = np.arange(-500, 500, dtype=np.int16)
    waveform = Waveform(
        samples=codes, interval=1e-6, unit=Unit.VOLT, source="daq:ai0", gain=3e-5, start=-0.01, rails=(-32768, 32767)
    )
    told = {"id": "P.a.01-signal", "purpose": Purpose.SIGNAL, "waveforms": {"current": waveform, "voltage": waveform}}
    return Capture(**{**told, **changes})  # type: ignore[arg-type] # what a test changes


def alike(one: Waveform, other: Waveform) -> None:
    assert one.samples.dtype == other.samples.dtype
    assert np.array_equal(one.samples, other.samples)
    for name in ("interval", "unit", "source", "gain", "offset", "start", "rails", "hole", "history"):
        assert getattr(one, name) == getattr(other, name), name


def test_a_capture_is_read_back_as_it_was(tmp_path: Path) -> None:
    happened = (Happening(action=Action.LOAD, begun=0.1, ended=0.2, detail="1 kohm"),)
    capture = captured(notes=("the oscilloscope did not trigger",), triggered=False, happenings=happened)
    bundle = Bundle.create(tmp_path, "run")
    entry = mapping.capture_entry(capture, bundle.write_capture(capture))
    with open_kept(bundle.folder, entry) as again:
        assert (again.id, again.purpose, again.triggered) == (capture.id, capture.purpose, False)
        assert (again.notes, again.happenings) == (capture.notes, capture.happenings)
        for name, waveform in capture.waveforms.items():
            alike(again.waveforms[name], waveform)


def test_of_a_capture_in_pieces_the_current_is_read_part_by_part(tmp_path: Path) -> None:
    capture = captured()
    bundle = Bundle.create(tmp_path, "run")
    with bundle.stream_capture(capture.id, capture.purpose, piece=300) as writer:
        for name, waveform in capture.waveforms.items():
            writer.append(name, waveform)
        kept = writer.finish(triggered=True, notes=("a note",))
    entry = mapping.capture_entry(capture, kept.source, pieces=kept.pieces)
    with open_kept(bundle.folder, entry) as again:
        assert isinstance(again, LongCapture)
        assert again.notes == ("a note",)
        alike(again.waveforms["voltage"], capture.waveforms["voltage"])
        recording = again.recordings["current"]
        alike(recording.part(0, len(recording)), capture.waveforms["current"])
    piece = bundle.folder / kept.pieces[0].file
    piece.write_bytes(piece.read_bytes()[:-1] + b"!")
    with pytest.raises(EvidenceError, match="not what was captured"), open_kept(bundle.folder, entry):
        pass


def test_no_record_leads_out_of_its_evidence(tmp_path: Path) -> None:
    outside = tmp_path / "secret"
    outside.write_text("x", encoding="utf-8")
    bundle = Bundle.create(tmp_path, "run")
    for name in ("../secret", str(outside)):
        with pytest.raises(EvidenceError, match="not a name of a file inside the evidence"):
            kept_file(bundle.folder, FileEntry(origin="", file=name, sha256=""))
    entry = bundle.add_file("a.json", b"{}")
    assert kept_file(bundle.folder, entry).is_file()
    with pytest.raises(EvidenceError, match="not the file"):
        kept_file(bundle.folder, entry.model_copy(update={"sha256": "0" * 64}))
