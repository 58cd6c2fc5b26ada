from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_public_key

from rig.errors import EvidenceError
from rig.evidence.signing import (
    PAYLOAD_TYPE,
    Signer,
    check_signature,
    key_id,
    pae,
    read_public_key,
    read_signer,
    write_key_pair,
)
from rig.evidence.store import Bundle
from rig.evidence.verification import examine
from rig.evidence.writing import canonical_json
from tests.evidence.test_store import capture, record


def no_passphrase() -> str:
    raise AssertionError("this key is not locked")


def signed(folder: Path) -> tuple[Path, Signer]:
    signer = Signer(Ed25519PrivateKey.generate())
    bundle = Bundle.create(folder, "r1")
    bundle.write_capture(capture())
    bundle.write_record(record())
    bundle.seal(signer)
    return bundle.folder, signer


def test_a_key_pair_is_for_its_owner_alone_and_is_never_overwritten(tmp_path: Path) -> None:
    public, identity = write_key_pair(tmp_path / "lab.key")
    if os.name != "nt":
        assert stat.S_IMODE((tmp_path / "lab.key").stat().st_mode) == 0o600
    assert key_id(read_public_key(public)) == identity == read_signer(tmp_path / "lab.key", no_passphrase).id
    before = (tmp_path / "lab.key").read_bytes()
    with pytest.raises(EvidenceError, match="never overwritten"):
        write_key_pair(tmp_path / "lab.key")
    public.unlink()
    with pytest.raises(EvidenceError, match="never overwritten"):
        write_key_pair(tmp_path / "lab.key")
    assert (tmp_path / "lab.key").read_bytes() == before


def test_a_locked_key_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    _, identity = write_key_pair(tmp_path / "lab.key", "correct horse")
    assert read_signer(tmp_path / "lab.key", lambda: "correct horse").id == identity
    with pytest.raises(EvidenceError, match="the passphrase does not open it"):
        read_signer(tmp_path / "lab.key", lambda: "correct mule")
    with pytest.raises(EvidenceError, match="the passphrase does not open it"):
        read_signer(tmp_path / "lab.key", str)


def test_what_is_no_key_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "key"
    with pytest.raises(EvidenceError, match="is not a file"):
        read_signer(path, no_passphrase)
    with pytest.raises(EvidenceError, match="is not a file"):
        read_public_key(tmp_path)
    path.write_bytes(b"\x00" * 100)
    with pytest.raises(EvidenceError, match="not a private key"):
        read_signer(path, no_passphrase)
    with pytest.raises(EvidenceError, match="not a public key"):
        read_public_key(path)
    path.write_bytes(X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(EvidenceError, match="of another kind"):
        read_signer(path, no_passphrase)


def test_the_signature_is_what_the_specification_says(tmp_path: Path) -> None:
    folder, signer = signed(tmp_path)
    envelope = json.loads((folder / "manifest.dsse.json").read_bytes())
    payload = base64.b64decode(envelope["payload"])
    assert payload == (folder / "manifest.json").read_bytes()
    (one,) = envelope["signatures"]
    public = load_pem_public_key((folder / "signer.pem").read_bytes())
    assert isinstance(public, Ed25519PublicKey)
    head = f"DSSEv1 {len(PAYLOAD_TYPE)} {envelope['payloadType']} {len(payload)} ".encode()
    public.verify(base64.b64decode(one["sig"]), head + payload)
    assert pae(PAYLOAD_TYPE, payload) == head + payload
    assert one["keyid"] == signer.id == examine(folder).signed_by
    assert "manifest.dsse.json" not in json.loads(payload)["files"]
    assert "signer.pem" in json.loads(payload)["files"]


def test_who_signed_is_told_and_may_be_demanded(tmp_path: Path) -> None:
    folder, signer = signed(tmp_path)
    assert examine(folder).intact
    assert examine(folder, signed_by=signer.id).intact
    other = Signer(Ed25519PrivateKey.generate()).id
    assert examine(folder, signed_by=other).problems == (f"the evidence is signed by {signer.id}, and not by {other}",)
    bare = Bundle.create(tmp_path, "r2")
    bare.finish(record())
    assert examine(bare.folder).intact
    assert examine(bare.folder).signed_by == ""
    assert "not signed" in examine(bare.folder, signed_by=other).problems[0]


def test_a_signature_that_was_taken_away_added_or_exchanged_is_found(tmp_path: Path) -> None:
    folder, _ = signed(tmp_path)
    envelope = folder / "manifest.dsse.json"
    whole = envelope.read_bytes()
    envelope.unlink()
    assert examine(folder).problems == ("manifest.dsse.json: missing",)
    mallory = Signer(Ed25519PrivateKey.generate())
    manifest = (folder / "manifest.json").read_bytes()
    envelope.write_bytes(mallory.envelope(manifest))
    assert "altered, or not of this manifest" in examine(folder).problems[0]
    (folder / "signer.pem").write_bytes(mallory.public_pem)
    assert examine(folder).problems == ("signer.pem: altered",)
    data = json.loads(whole)
    data["signatures"][0]["sig"] = base64.b64encode(bytes(64)).decode()
    envelope.write_bytes(canonical_json(data))
    assert not examine(folder).intact
    bare = Bundle.create(tmp_path, "r2")
    bare.finish(record())
    (bare.folder / "manifest.dsse.json").write_bytes(whole)
    assert examine(bare.folder).problems == ("manifest.dsse.json: added",)


def test_the_same_envelope_written_otherwise_is_found(tmp_path: Path) -> None:
    folder, signer = signed(tmp_path)
    manifest = (folder / "manifest.json").read_bytes()
    envelope = signer.envelope(manifest)
    assert check_signature(envelope, manifest, signer.public_pem) == signer.id
    sig = json.loads(envelope)["signatures"][0]["sig"]
    # The last letter before the padding has four bits that say nothing.
    loose = sig[:-3] + chr(ord(sig[-3]) + 1) + "=="
    assert base64.b64decode(loose) == base64.b64decode(sig)
    for altered in (
        envelope.replace(sig.encode(), loose.encode()),
        envelope + b" ",
        json.dumps(json.loads(envelope)).encode(),
        envelope.replace(b'"payloadType"', b'"payloadtype"'),
        b"[" * 100_000,
        b'{"signatures": []}',
    ):
        with pytest.raises(EvidenceError, match=r"manifest\.dsse\.json"):
            check_signature(altered, manifest, signer.public_pem)


def test_the_id_of_a_key_is_the_hash_of_its_encoding(tmp_path: Path) -> None:
    public, identity = write_key_pair(tmp_path / "lab.key")
    lines = public.read_text(encoding="ascii").splitlines()
    assert hashlib.sha256(base64.b64decode("".join(lines[1:-1]))).hexdigest() == identity
