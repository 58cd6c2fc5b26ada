"""The signature over a bundle's manifest: a DSSE envelope with Ed25519, and the keys that make and check it.

The envelope is that of https://github.com/secure-systems-lab/dsse, whose signature covers the pre-authentication
encoding (PAE) of payload type and payload.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from rig.errors import EvidenceError
from rig.evidence.writing import canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = [
    "PAYLOAD_TYPE",
    "SIGNATURE",
    "SIGNER",
    "Signer",
    "check_signature",
    "dsse",
    "is_signature",
    "key_id",
    "open_private_key",
    "pae",
    "private_pem",
    "public_key",
    "read_public_key",
    "read_signer",
    "write_key_pair",
    "write_public_key",
]

SIGNATURE = "manifest.dsse.json"
SIGNER = "signer.pem"
PAYLOAD_TYPE = "application/vnd.nmes-rig.manifest+json"

_LONGEST_KEY = 1 << 16  # bytes; a PEM file of one key has some hundred


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: a private key, which never leaves this object."""

    _key: Ed25519PrivateKey

    @property
    def id(self) -> str:
        """The key's id."""
        return key_id(self._key.public_key())

    @property
    def public_pem(self) -> bytes:
        """The public key as its file, which goes into the bundle."""
        return _pem(self._key.public_key())

    def envelope(self, payload: bytes) -> bytes:
        """Return the signed envelope of a manifest, in its one canonical form."""
        return canonical_json(dsse(PAYLOAD_TYPE, payload, self.id, self.sign(PAYLOAD_TYPE, payload)))

    def sign(self, payload_type: str, payload: bytes) -> bytes:
        """Return the signature over a payload of some type."""
        return self._key.sign(pae(payload_type, payload))


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return what a DSSE signature is over: both parts, each with its length before it.

    >>> pae("http://example.com/HelloWorld", b"hello world")
    b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
    """
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def key_id(key: Ed25519PublicKey) -> str:
    """Return the id of a public key: the SHA-256 of its SubjectPublicKeyInfo (DER), in hexadecimal."""
    encoded = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(encoded).hexdigest()


def write_key_pair(path: Path, passphrase: str = "") -> tuple[Path, str]:
    """Make a key pair: the private key at ``path``, for its owner alone, the public one beside it.

    Returns
    -------
    the public key's file, ``path`` with ``.pub`` appended, and the key's id

    Raises
    ------
    EvidenceError
        if either file exists, or cannot be written
    """
    key = Ed25519PrivateKey.generate()
    public = path.with_name(f"{path.name}.pub")
    if public.exists():
        raise EvidenceError(f"{public} exists already; a key is never overwritten")
    _write_new(path, private_pem(key, passphrase), mode=0o600)
    write_public_key(public, Signer(key))
    return public, key_id(key.public_key())


def write_public_key(path: Path, signer: Signer) -> None:
    """Write the public key to a new file; raises EvidenceError where it exists, or cannot be written."""
    _write_new(path, signer.public_pem, mode=0o644)


def private_pem(key: Ed25519PrivateKey, passphrase: str = "") -> bytes:
    """Return a private key as PEM, locked where there is a passphrase."""
    locked: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        locked = serialization.BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)


def _write_new(path: Path, content: bytes, *, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(path, flags, mode)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
        except OSError:
            path.unlink(missing_ok=True)  # the half of a key would stand in the way of a whole one
            raise
    except FileExistsError:
        raise EvidenceError(f"{path} exists already; a key is never overwritten") from None
    except OSError as error:
        raise EvidenceError(f"{path} cannot be written: {error.strerror or error}") from None


def read_signer(path: Path, passphrase: Callable[[], str]) -> Signer:
    """Read a private key; ``passphrase`` is asked only where the key is locked.

    Raises
    ------
    EvidenceError
        if the file cannot be read, is not a private Ed25519 key, or the passphrase does not open it
    """
    return open_private_key(_read(path), str(path), passphrase)


def open_private_key(content: bytes, called: str, passphrase: Callable[[], str]) -> Signer:
    """Return who signs with a private key in PEM; see :func:`read_signer`."""
    try:
        try:
            key = serialization.load_pem_private_key(content, None)
        except TypeError:  # it is locked
            key = serialization.load_pem_private_key(content, passphrase().encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise EvidenceError(f"{called} is not a private key in PEM, or the passphrase does not open it") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise EvidenceError(f"{called} is a key of another kind; the evidence is signed with Ed25519")
    return Signer(key)


def read_public_key(path: Path) -> Ed25519PublicKey:
    """Read a public key; raises EvidenceError where it is none of Ed25519 in PEM."""
    return public_key(_read(path), path.name)


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise EvidenceError(f"{path} is not a file, so it is no key")
        with path.open("rb") as file:
            return file.read(_LONGEST_KEY)
    except OSError as error:
        raise EvidenceError(f"{path} cannot be read: {error.strerror or error}") from None


def public_key(content: bytes, name: str) -> Ed25519PublicKey:
    """Return the key in a PEM text that is called ``name``; raises EvidenceError where it is none of Ed25519."""
    try:
        key = serialization.load_pem_public_key(content)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise EvidenceError(f"{name} is not a public key in PEM") from None
    if not isinstance(key, Ed25519PublicKey):
        raise EvidenceError(f"{name} is a key of another kind; the evidence is signed with Ed25519")
    return key


def check_signature(envelope: bytes, payload: bytes, public_pem: bytes) -> str:
    """Return the id of the key that signed ``payload``, given its envelope and the public key's file.

    Raises
    ------
    EvidenceError
        if the envelope is not, to the byte, one of this payload and this key, or its signature is not valid
    """
    key = public_key(public_pem, SIGNER)
    try:
        (stated,) = json.loads(envelope)["signatures"]
        signature = base64.b64decode(stated["sig"], validate=True)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise EvidenceError(f"{SIGNATURE}: not a DSSE envelope with one signature") from None
    # Base64 and JSON can say the same thing in many ways; one of them is the one that was written.
    expected = canonical_json(dsse(PAYLOAD_TYPE, payload, key_id(key), signature))
    if envelope != expected or public_pem != _pem(key):
        raise EvidenceError(f"{SIGNATURE}: altered, or not of this manifest and of the key in {SIGNER}")
    if not is_signature(key, signature, PAYLOAD_TYPE, payload):
        raise EvidenceError(f"{SIGNATURE}: the signature is invalid")
    return key_id(key)


def is_signature(key: Ed25519PublicKey, signature: bytes, payload_type: str, payload: bytes) -> bool:
    """Whether a signature over a payload of some type is that of the key."""
    try:
        key.verify(signature, pae(payload_type, payload))
    except InvalidSignature:
        return False
    return True


def dsse(payload_type: str, payload: bytes, keyid: str, signature: bytes) -> dict[str, object]:
    """Return the envelope of a payload with its one signature, as JSON knows it."""
    return {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": payload_type,
        "signatures": [{"keyid": keyid, "sig": base64.b64encode(signature).decode()}],
    }


def _pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
