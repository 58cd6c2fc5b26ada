"""Keys in the keyring, on a backend of the package's own kind that keeps them in memory."""

from __future__ import annotations

import sys
from pathlib import Path

import keyring.backend
import keyring.core
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from keyring.backends.null import Keyring as Forgetful
from typer.testing import CliRunner

from rig.cli import app
from rig.errors import EvidenceError, Refused
from rig.evidence.signing import key_id, read_public_key
from rig.evidence.signoff import check_signoffs, signoffs_file
from rig.harness.keys import chosen_signer, new_key
from tests.cli.test_sign_off import sealed


class InMemory(keyring.backend.KeyringBackend):
    priority = 1

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> InMemory:
    monkeypatch.delenv("RIG_KEY", raising=False)
    monkeypatch.delenv("RIG_KEY_PASSPHRASE", raising=False)
    backend = InMemory()
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)  # what set_keyring sets, and gone after the test
    return backend


@pytest.fixture
def no_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)


def files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_key_of_the_keyring_signs_and_never_was_a_file(
    ring: InMemory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = sealed(tmp_path, "r1")
    made = CliRunner().invoke(app, ["key", "new", "--keyring", "lab", str(tmp_path / "lab")])
    assert made.exit_code == 0, made.output
    assert "private key: keyring:lab" in made.output
    identity = key_id(read_public_key(tmp_path / "lab.pub"))
    assert f"id: {identity}" in made.output
    said = ["sign", str(bundle), "--name", "A", "--meaning", "reviewed", "--yes"]
    assert CliRunner().invoke(app, [*said, "--key", "keyring:lab"]).exit_code == 0
    monkeypatch.setenv("RIG_KEY", "keyring:lab")
    assert CliRunner().invoke(app, said).exit_code == 0
    found = [
        one.signoff.key for one in check_signoffs(signoffs_file(bundle), bundle) if one.signoff and not one.problem
    ]
    assert found == [identity, identity]
    assert [name for _, name in ring.kept] == ["lab"]
    (secret,) = ring.kept.values()
    assert "PRIVATE KEY" in secret.splitlines()[0]
    assert secret.splitlines()[1].encode() not in files(tmp_path)
    assert b"PRIVATE KEY" not in files(tmp_path)


def test_without_a_file_the_public_key_is_shown(ring: InMemory) -> None:
    told = "\n".join(new_key(None, "lab", ""))
    assert "-----BEGIN PUBLIC KEY-----" in told
    signer = chosen_signer("keyring:lab", Path())
    assert signer
    assert signer.public_pem.decode().strip() in told
    assert ring.kept


def test_a_locked_key_opens_with_its_passphrase_alone(ring: InMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    new_key(None, "lab", "correct horse")
    assert "ENCRYPTED" in next(iter(ring.kept.values()))
    monkeypatch.setenv("RIG_KEY_PASSPHRASE", "correct horse")
    assert chosen_signer("keyring:lab", Path())
    monkeypatch.setenv("RIG_KEY_PASSPHRASE", "correct mule")
    with pytest.raises(EvidenceError, match="passphrase does not open it"):
        chosen_signer("keyring:lab", Path())


def test_a_key_is_never_overwritten(ring: InMemory, tmp_path: Path) -> None:
    new_key(None, "lab", "")
    before = dict(ring.kept)
    with pytest.raises(EvidenceError, match="never overwritten"):
        new_key(None, "lab", "")
    (tmp_path / "other.pub").write_bytes(b"")
    with pytest.raises(EvidenceError, match="never overwritten"):
        new_key(tmp_path / "other", "other", "")
    assert ring.kept == before


def test_what_is_no_key_is_refused_in_one_sentence(ring: InMemory) -> None:
    with pytest.raises(EvidenceError, match="has no key 'lab'; rig key new --keyring lab makes one"):
        chosen_signer("keyring:lab", Path())
    ring.set_password("nmes-rig", "lab", "secret")
    with pytest.raises(EvidenceError, match="not a private key"):
        chosen_signer("keyring:lab", Path())
    other = X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    ring.set_password("nmes-rig", "lab", other.decode())
    with pytest.raises(EvidenceError, match="of another kind"):
        chosen_signer("keyring:lab", Path())
    with pytest.raises(EvidenceError, match="needs a name"):
        new_key(None, " ", "")
    with pytest.raises(Refused, match="where does the private key go"):
        new_key(None, "", "")


@pytest.mark.usefixtures("no_ring")
def test_where_there_is_no_keyring_it_is_one_message() -> None:
    for attempt in (lambda: chosen_signer("keyring:lab", Path()), lambda: new_key(None, "lab", "")):
        with pytest.raises(EvidenceError, match=r"keyring .* cannot be used: No recommended backend"):
            attempt()


@pytest.mark.usefixtures("no_ring")
def test_a_keyring_that_does_not_exist_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "no.such.Keyring")
    with pytest.raises(EvidenceError, match="that was chosen cannot be used: No module named 'no'"):
        chosen_signer("keyring:lab", Path())


def test_a_keyring_that_forgets_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring.core, "_keyring_backend", Forgetful())
    with pytest.raises(EvidenceError, match="has not kept the key"):
        new_key(None, "lab", "")


def test_without_the_extra_its_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(EvidenceError, match=r'pip install "nmes-rig\[keyring\]"'):
        chosen_signer("keyring:lab", Path())
