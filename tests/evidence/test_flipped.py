"""Every byte of a small signed bundle's files, and every bit of those that are read and not only hashed."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from io import FileIO
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rig.errors import EvidenceError
from rig.evidence.journal import _broken_links
from rig.evidence.manifest import _describe, _same, read_manifest
from rig.evidence.signing import Signer, check_signature
from rig.evidence.store import Bundle
from rig.evidence.verification import examine
from rig.model.waveform import Capture, Purpose, Waveform
from rig.units import Unit
from tests.evidence.test_store import START, record


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    bundle = Bundle.create(tmp_path_factory.mktemp("flipped"), "r1")
    with bundle.begin_journal(lambda: START) as journal:
        for event in ("begun", "case ended", "ended"):
            journal.write(event, run="Größe µ")
    samples = Waveform(samples=np.arange(40, dtype=np.int16), interval=1e-6, unit=Unit.VOLT, source="scope:1")
    bundle.write_capture(Capture(id="s", purpose=Purpose.SIGNAL, waveforms={"voltage": samples}))
    bundle.write_record(record())
    bundle.seal(Signer(Ed25519PrivateKey.generate()))
    assert examine(bundle.folder).intact
    return bundle.folder


def every_bit(content: bytes, found: Callable[[bytes], bool]) -> int:
    """Flip every bit once, alone; return how many, each of which was found."""
    assert not found(content)
    altered = bytearray(content)
    for place in range(len(altered)):
        for bit in range(8):
            altered[place] ^= 1 << bit
            assert found(bytes(altered)), (place, bit)
            altered[place] ^= 1 << bit
    return 8 * len(altered)


def put(file: FileIO, place: int, value: int) -> None:
    file.seek(place)
    file.write(bytes([value]))


def test_every_flipped_byte_is_found_and_its_file_named(bundle: Path) -> None:
    chance = random.Random(20261122)
    flipped = 0
    for path in sorted(path for path in bundle.rglob("*") if path.is_file()):
        name, original = path.relative_to(bundle).as_posix(), path.read_bytes()
        with path.open("r+b", buffering=0) as file:
            # A capture is hashed and nothing else: a part of its bytes, and more of a real run's elsewhere.
            for place in range(0, len(original), 5 if path.suffix == ".h5" else 1):
                put(file, place, original[place] ^ chance.randrange(1, 256))
                assert any(problem.startswith(name) for problem in examine(bundle).problems), (name, place)
                put(file, place, original[place])
                flipped += 1
    assert examine(bundle).intact
    assert flipped > 3500


def test_every_flipped_bit_of_what_is_read_is_found_by_what_reads_it(bundle: Path) -> None:
    manifest, envelope, signer = (
        (bundle / name).read_bytes() for name in ("manifest.json", "manifest.dsse.json", "signer.pem")
    )

    def unsigned(envelope: bytes, manifest: bytes, signer: bytes) -> bool:
        try:
            check_signature(envelope, manifest, signer)
        except EvidenceError:
            return True
        return False

    journal = (bundle / "journal.jsonl").read_bytes()
    assert json.loads(journal.splitlines()[0])["facts"] == {"run": "Größe µ"}
    flipped = every_bit(manifest, lambda altered: read_manifest(altered) is None)
    flipped += every_bit(envelope, lambda altered: unsigned(altered, manifest, signer))
    flipped += every_bit(signer, lambda altered: unsigned(envelope, manifest, altered))
    flipped += every_bit(journal, lambda altered: bool(_broken_links("journal", altered.splitlines(keepends=True))))
    assert flipped > 20_000


def test_a_file_of_the_same_size_and_age_is_hashed_all_the_same(bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_bytes((bundle / "record.json").read_bytes())
    stated, times = _describe(path), path.stat()
    assert _same(path, stated)
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert not _same(path, stated)
