"""Private keys in the operating system's keyring, through the package ``keyring``: none of them ever is a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rig.errors import EvidenceError
from rig.evidence.signing import Signer, open_private_key, private_pem

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PREFIX", "new_key_in_ring", "signer_from_ring"]

PREFIX = "keyring:"
_T = TypeVar("_T")

_SERVICE = "nmes-rig"
_MISSING = 'keys in a keyring need the package keyring: pip install "nmes-rig[keyring]"'


def new_key_in_ring(name: str, passphrase: str = "") -> tuple[Signer, str]:
    """Make a key and keep it in the keyring, locked where there is a passphrase; return it, and which keyring that is.

    Raises
    ------
    EvidenceError
        if there is no keyring, it does not keep the key, or has one of that name already
    """
    if not name.strip() or not name.isprintable():
        raise EvidenceError("a key in the keyring needs a name, of printable characters")
    ring = _Ring()
    if ring.get(name) is not None:
        raise EvidenceError(f"the keyring has a key {name!r} already; a key is never overwritten")
    key = Ed25519PrivateKey.generate()
    secret = private_pem(key, passphrase).decode()
    ring.set(name, secret)
    if ring.get(name) != secret:  # there are keyrings that keep nothing
        raise EvidenceError(f"the keyring {ring.called} has not kept the key {name!r}")
    return Signer(key), ring.called


def signer_from_ring(name: str, passphrase: Callable[[], str]) -> Signer:
    """Return the key of that name; ``passphrase`` is asked only where it is locked.

    Raises
    ------
    EvidenceError
        if there is no keyring, or no such key in it that can be opened
    """
    ring = _Ring()
    secret = ring.get(name)
    if secret is None:
        raise EvidenceError(f"the keyring {ring.called} has no key {name!r}; rig key new --keyring {name} makes one")
    return open_private_key(secret.encode(), f"the key {name!r} of the keyring", passphrase)


class _Ring:
    """The keyring that the package has chosen, or was told to take; each of its refusals is one message."""

    def __init__(self) -> None:
        try:
            import keyring  # noqa: PLC0415 - an extra, and looking for a keyring takes its time
        except ImportError:
            raise EvidenceError(_MISSING) from None
        self.called = "that was chosen"
        self._ring = self._ask(keyring.get_keyring)
        self.called = self._ring.name

    def get(self, name: str) -> str | None:
        return self._ask(lambda: self._ring.get_password(_SERVICE, name))

    def set(self, name: str, secret: str) -> None:
        self._ask(lambda: self._ring.set_password(_SERVICE, name, secret))

    def _ask(self, question: Callable[[], _T]) -> _T:
        try:
            return question()
        except Exception as error:  # noqa: BLE001 - a keyring is somebody else's program, and raises what it likes
            told = (str(error) or type(error).__name__).splitlines()[0]
            raise EvidenceError(f"the keyring {self.called} cannot be used: {told}") from None
