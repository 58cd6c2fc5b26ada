"""Sign-offs as people make them, and everything that can be done to them afterwards, on a small sealed run."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pypdf import PdfReader
from typer.testing import CliRunner

from rig.cli import app
from rig.errors import EvidenceError, Refused
from rig.evidence.record import RunRecord
from rig.evidence.signing import Signer, read_signer, write_key_pair
from rig.evidence.signoff import (
    SIGNOFF_TYPE,
    Meaning,
    Statement,
    _check,
    _Subject,
    append_signoff,
    check_signoffs,
    signoffs_file,
)
from rig.evidence.store import Bundle
from rig.harness.rendering import render_again, render_paper
from rig.harness.sign_off import agreed, sign_off
from tests.report.conftest import HOSTILE, case, run

NOW = datetime(2026, 11, 23, 9, 5, 7, 123456, tzinfo=UTC)
COMPLETE = run((case(1, 0.02, "500 ohm"),), not_selected=0, engineering_only=())


@pytest.fixture
def key(tmp_path: Path) -> Path:
    write_key_pair(tmp_path / "lab.key")
    return tmp_path / "lab.key"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return sealed(tmp_path, "r1")


def sealed(root: Path, name: str, record: RunRecord = COMPLETE) -> Path:
    bundle = Bundle.create(root / "out", name)
    with bundle.begin_journal(lambda: NOW) as journal:
        journal.write("begin", run=name)
    bundle.finish(record.model_copy(update={"run_id": name}))
    return bundle.folder


def rig(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    if isinstance(done.exception, EvidenceError | Refused):
        return 2, str(done.exception)  # as the front door says it
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def signed(bundle: Path, key: Path, *more: str, name: str = "A. Reviewer", meaning: str = "reviewed") -> str:
    code, said = rig("sign", bundle, "--name", name, "--meaning", meaning, "--key", key, "--yes", *more)
    assert code == 0, said
    return said


def three(bundle: Path, key: Path) -> list[bytes]:
    for meaning in ("authored", "reviewed", "approved"):
        signed(bundle, key, meaning=meaning)
    return signoffs_file(bundle).read_bytes().splitlines(keepends=True)


def test_what_is_signed_is_shown_kept_and_verified(bundle: Path, key: Path) -> None:
    before = {path: path.read_bytes() for path in bundle.rglob("*") if path.is_file()}
    said = signed(bundle, key, "--role", "test engineer", "--comment", "Deviations looked at.")
    manifest = hashlib.sha256((bundle / "manifest.json").read_bytes()).hexdigest()
    identity = read_signer(key, str).id
    assert [part for part in ("r1", "PASS", manifest, "unsigned", identity) if part not in said] == []
    signed(bundle, key, name="Bea Ørsted 李", meaning="approved")
    assert {path: path.read_bytes() for path in bundle.rglob("*") if path.is_file()} == before
    code, said = rig("verify", bundle)
    assert code == 0
    assert "reviewed by A. Reviewer, test engineer on 2026-" in said
    assert "approved by Bea Ørsted 李 on 2026-" in said
    assert said.rstrip().endswith("intact, unsigned, 2 sign-offs")


def test_the_envelope_is_what_the_specification_says(bundle: Path, key: Path) -> None:
    signer = read_signer(key, str)
    said = Statement(name="A", meaning=Meaning.REVIEWED, role="r", comment="c")
    made = append_signoff(signoffs_file(bundle), bundle, said, signer, utc=lambda: NOW)
    envelope = json.loads(signoffs_file(bundle).read_bytes())
    payload = base64.b64decode(envelope["payload"])
    public = load_pem_public_key((key.parent / "lab.key.pub").read_bytes())
    assert isinstance(public, Ed25519PublicKey)
    head = b"DSSEv1 %d %s %d " % (len(SIGNOFF_TYPE), SIGNOFF_TYPE.encode(), len(payload))
    public.verify(base64.b64decode(envelope["signatures"][0]["sig"]), head + payload)
    assert json.loads(payload) == {
        "format": "rig-signoff/1",
        "number": 1,
        "run_id": "r1",
        "manifest": hashlib.sha256((bundle / "manifest.json").read_bytes()).hexdigest(),
        "record": hashlib.sha256((bundle / "record.json").read_bytes()).hexdigest(),
        "verdict": "PASS",
        "statement": {"name": "A", "meaning": "reviewed", "role": "r", "comment": "c", "override": ""},
        "time": "2026-11-23T09:05:07Z",
        "key": signer.id,
        "public_key": signer.public_pem.decode(),
        "previous": "0" * 64,
    }
    assert check_signoffs(signoffs_file(bundle), bundle)[0].signoff == made


def test_every_byte_of_a_sign_off_counts(bundle: Path, key: Path) -> None:
    signed(bundle, key)
    whole = signoffs_file(bundle).read_bytes()
    subject, chance = _Subject.of(bundle), random.Random(1)
    assert not any(one.problem for one in _check([whole], subject))
    for place in range(len(whole) - 1):
        altered = bytearray(whole)
        altered[place] ^= chance.randrange(1, 256)
        assert any(one.problem for one in _check(bytes(altered).splitlines(keepends=True), subject)), place


def test_lines_that_were_removed_moved_or_doubled_are_named(bundle: Path, key: Path) -> None:
    one, two, three_ = three(bundle, key)
    for lines, bad in (
        ([two, three_], {1, 2}),
        ([one, three_], {2}),
        ([one, three_, two], {2, 3}),
        ([two, one, three_], {1, 2, 3}),
        ([one, one, two, three_], {2, 3, 4}),
    ):
        signoffs_file(bundle).write_bytes(b"".join(lines))
        checked = check_signoffs(signoffs_file(bundle), bundle)
        assert {number.line for number in checked if number.problem} == bad
        code, said = rig("verify", bundle)
        assert code == 1
        assert all(f"r1.signoffs.jsonl line {number}: " in said for number in bad)
    signoffs_file(bundle).write_bytes(one + two)  # removed from the end: nothing in the file can tell
    assert rig("verify", bundle)[0] == 0


def test_a_sign_off_of_another_run_is_named_and_another_person_cannot_alter_one(
    bundle: Path, key: Path, tmp_path: Path
) -> None:
    signed(bundle, key)
    other = sealed(tmp_path, "r2")
    shutil.copy(signoffs_file(bundle), signoffs_file(other))
    code, said = rig("verify", other)
    assert code == 1
    assert "line 1: it signs another bundle, of run 'r1'" in said
    assert rig("verify", other, "--signoffs", signoffs_file(bundle))[0] == 1
    assert rig("verify", bundle, "--signoffs", signoffs_file(other))[0] == 0
    mallory = Signer(Ed25519PrivateKey.generate())
    envelope = json.loads(signoffs_file(bundle).read_bytes())
    payload = base64.b64decode(envelope["payload"]).replace(b"A. Reviewer", b"A. Approver")
    envelope["payload"] = base64.b64encode(payload).decode()
    envelope["signatures"][0]["sig"] = base64.b64encode(mallory.sign(SIGNOFF_TYPE, payload)).decode()
    signoffs_file(bundle).write_text(json.dumps(envelope, sort_keys=True, separators=(",", ":")) + "\n")
    assert "its signature is invalid" in rig("verify", bundle)[1]


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 200_000,
        b'{"payload": 1}\n',
        b"\xff\n",
        b'{"payload":"e30=","payloadType":"x","signatures":[{"sig":""}]}\n',
    ],
    ids=["lists", "a number", "no text", "nothing said"],
)
def test_what_is_no_sign_off_is_one_finding_and_nothing_is_signed_after_it(
    bundle: Path, key: Path, content: bytes
) -> None:
    signoffs_file(bundle).write_bytes(content)
    code, said = rig("verify", bundle)
    assert (code, said.count("not a sign-off")) == (1, 1)
    if content.endswith(b"\n"):
        refused = rig("sign", bundle, "--name", "A", "--meaning", "reviewed", "--key", key, "--yes")
        assert refused[0] == 2
        assert "nothing is signed after it" in refused[1]
        assert signoffs_file(bundle).read_bytes() == content
    else:  # a line that was never finished was told to nobody
        signed(bundle, key)
        assert rig("verify", bundle)[0] == 0


def test_what_is_not_intact_is_not_signed_and_a_sign_off_of_it_is_not_valid(
    bundle: Path, key: Path, tmp_path: Path
) -> None:
    signed(bundle, key)
    assert 'data-signoff="valid"' in render_again(bundle, tmp_path / "a.html").read_text(encoding="utf-8")
    (bundle / "journal.jsonl").write_bytes(b"")
    code, said = rig("sign", bundle, "--name", "A", "--meaning", "reviewed", "--key", key, "--yes")
    assert (code, "not intact" in said) == (2, True)
    page = render_again(bundle, tmp_path / "b.html").read_text(encoding="utf-8")
    assert 'data-signoff="valid"' not in page
    assert "the evidence is not any more what was signed" in page
    (bundle / "manifest.json").unlink()
    code, said = rig("sign", bundle, "--name", "A", "--meaning", "reviewed", "--key", key, "--yes")
    assert (code, "never sealed" in said) == (2, True)
    assert rig("verify", bundle)[0] == 1
    assert len(signoffs_file(bundle).read_bytes().splitlines()) == 1


def test_an_incomplete_run_is_signed_for_a_reason_that_is_signed_as_well(tmp_path: Path, key: Path) -> None:
    bundle = sealed(tmp_path, "r3", COMPLETE.model_copy(update={"end_reason": "operator_abort"}))
    code, said = rig("sign", bundle, "--name", "A", "--meaning", "reviewed", "--key", key, "--yes")
    assert (code, "aborted by the operator" in said, "--incomplete" in said) == (2, True, True)
    signed(bundle, key, "--incomplete", "the stimulator broke")
    (one,) = check_signoffs(signoffs_file(bundle), bundle)
    assert one.signoff
    assert one.signoff.statement.override == "the stimulator broke"
    page = render_again(bundle, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Signed although the run is incomplete: the stimulator broke" in page


def test_it_is_asked_before_and_a_change_meanwhile_is_seen(bundle: Path, key: Path) -> None:
    said = Statement(name="A", meaning=Meaning.APPROVED)
    told: list[str] = []

    def signing(answer: bool, change: Path | None = None) -> None:
        def asked() -> bool:
            if change:
                change.write_bytes(b"")
            return answer

        sign_off(bundle, said, read_signer(key, str), tell=told.append, agreed=asked, utc=lambda: NOW)

    with pytest.raises(Refused, match="nothing was signed"):
        signing(answer=False)
    with pytest.raises(EvidenceError, match="changed while"):
        signing(answer=True, change=bundle / "journal.jsonl")
    assert not signoffs_file(bundle).exists()
    assert any("approved by A" in line for line in told)


def test_without_a_key_a_name_or_a_meaning_nothing_is_signed(
    bundle: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RIG_KEY", raising=False)
    for name, meaning, needed in (
        ("", "reviewed", "name"),
        ("A\nB", "reviewed", "name"),
        ("A", "liked", "meaning"),
        ("A\x1b[31m", "reviewed", "name"),
        ("\u202eA", "reviewed", "name"),
    ):
        code, said = rig("sign", bundle, "--name", name, "--meaning", meaning, "--key", key, "--yes")
        assert (code, said.startswith(f"{needed}: ")) == (2, True), said
    assert "needs a key" in rig("sign", bundle, "--name", "A", "--meaning", "reviewed", "--yes")[1]
    assert not signoffs_file(bundle).exists()


def test_where_nobody_is_at_the_terminal_it_has_to_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rig.harness.terminal._opened", refuse)
    with pytest.raises(Refused, match="--yes"):
        agreed()


def refuse() -> None:
    raise OSError


def test_a_name_is_text_wherever_it_is_shown(bundle: Path, key: Path, tmp_path: Path) -> None:
    name = "".join(letter for letter in HOSTILE if letter.isprintable()).strip()
    signed(bundle, key, "--role", name, "--comment", "{{ 7 * 7 }}", name=name)
    page = render_again(bundle, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert" in page
    assert "{{ 7 * 7 }}" in page
    pdf = PdfReader(render_paper(bundle, tmp_path / "report.pdf"))
    text = "".join("".join(one.extract_text() for one in pdf.pages).split())
    assert "".join(name.split()) in text
    assert "{{7*7}}" in text
    assert read_signer(key, str).id in text


def test_those_who_sign_at_the_same_time_sign_one_after_the_other(bundle: Path, key: Path) -> None:
    signer, file = read_signer(key, str), signoffs_file(bundle)

    def signing(number: int) -> None:
        append_signoff(file, bundle, Statement(name=f"P{number}", meaning=Meaning.REVIEWED), signer, utc=lambda: NOW)

    with ThreadPoolExecutor(4) as people:  # the lock is that of an open file, so threads wait as processes do
        list(people.map(signing, range(20)))
    checked = check_signoffs(file, bundle)
    assert len(checked) == 20
    assert not any(one.problem for one in checked)
