"""Photographs get from a folder of evidence into its reports, and nothing from beside it."""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

from rig.evidence.about import PhotographEntry
from rig.evidence.entry import FileEntry
from rig.harness.rendering import render_again, render_paper
from tests.report.conftest import bench, run

NAME = "sources/photographs/front.png"


def png(side: int = 24) -> bytes:
    file = BytesIO()
    Image.new("RGB", (side, side), "green").save(file, "PNG")
    return file.getvalue()


def bundle(folder: Path, name: str, content: bytes) -> Path:
    source = FileEntry(origin="front.png", file=name, sha256=hashlib.sha256(content).hexdigest())
    entry = PhotographEntry(caption="From the front", source=source)
    record = run((), bench=bench().model_copy(update={"photographs": (entry,)}))
    folder.mkdir()
    (folder / "record.json").write_text(record.model_dump_json(by_alias=True), encoding="utf-8")
    return folder


def test_a_photograph_of_the_evidence_is_in_both_reports(tmp_path: Path) -> None:
    folder = bundle(tmp_path / "run", NAME, png())
    kept = folder / NAME
    kept.parent.mkdir(parents=True)
    kept.write_bytes(png())
    assert render_again(folder).read_text(encoding="utf-8").count('<img src="data:image/jpeg;base64,') == 1
    pages = PdfReader(render_paper(folder)).pages
    assert [one.image.size for page in pages for one in page.images if one.image] == [(24, 24)]


@pytest.mark.parametrize("name", ["../front.png", "sources/photographs/link.png", "sources/photographs/none.png"])
def test_what_is_not_in_the_evidence_is_not_shown(tmp_path: Path, name: str) -> None:
    folder = bundle(tmp_path / "run", name, png())
    (tmp_path / "front.png").write_bytes(png())
    (folder / "sources" / "photographs").mkdir(parents=True)
    (folder / "sources" / "photographs" / "link.png").symlink_to(tmp_path / "front.png")
    page = render_again(folder).read_text(encoding="utf-8")
    assert page.count("data-no-photograph") == 1
    assert "<img" not in page
