"""Photographs in a report: upright and small, with nothing of the file but its pixels; or why one is not shown."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader

from rig.errors import EvidenceError
from rig.evidence.about import PhotographEntry
from rig.evidence.entry import FileEntry
from rig.evidence.record import RunRecord
from rig.report.pdf.render import render_pdf
from rig.report.photographs import ShownPhotograph, shown_photographs
from rig.report.render import render_html
from tests.report.conftest import HOSTILE, bench, run

ORIENTATION = 0x0112
MAKER = 0x010F


def picture(width: int = 40, height: int = 30, mode: str = "RGB") -> Image.Image:
    """Return a picture whose upper left quarter is red, and the rest blue."""
    made = Image.new("RGB", (width, height), (0, 0, 255))
    made.paste((255, 0, 0), (0, 0, width // 2, height // 2))
    return made.convert(mode)


def encoded(image: Image.Image, kind: str = "PNG", **more: object) -> bytes:
    file = BytesIO()
    image.save(file, kind, **more)
    return file.getvalue()


def with_photographs(
    *contents: bytes, caption: str = "From the front"
) -> tuple[RunRecord, Callable[[FileEntry], bytes]]:
    kept = {f"sources/photographs/{index}.jpg": content for index, content in enumerate(contents)}
    entries = tuple(
        PhotographEntry(
            caption=caption, source=FileEntry(origin="x.jpg", file=name, sha256=hashlib.sha256(content).hexdigest())
        )
        for name, content in kept.items()
    )
    return run((), bench=bench().model_copy(update={"photographs": entries})), lambda entry: kept[entry.file]


def shown(content: bytes) -> ShownPhotograph:
    (only,) = shown_photographs(*with_photographs(content))
    return only


def opened(one: ShownPhotograph) -> Image.Image:
    return Image.open(BytesIO(one.jpeg), formats=("JPEG",))


def is_red(image: Image.Image, across: float, down: float) -> bool:
    pixel = np.asarray(image)[int(down * image.height), int(across * image.width)]
    return bool(pixel[0] > 200 and pixel[2] < 60)


@pytest.mark.parametrize(
    ("kind", "mode"), [("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("JPEG", "RGB"), ("JPEG", "CMYK")]
)
def test_a_photograph_is_shown_in_its_colours(kind: str, mode: str) -> None:
    one = shown(encoded(picture(mode=mode), kind))
    assert one.reason == ""
    assert (one.width, one.height) == (40, 30)
    assert (is_red(opened(one), 0.2, 0.2), is_red(opened(one), 0.8, 0.8)) == (True, False)


def test_what_is_transparent_is_the_paper_that_it_is_seen_on() -> None:
    clear = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    assert np.asarray(opened(shown(encoded(clear)))).min() > 250


def test_it_stands_upright_and_nothing_of_the_file_but_its_pixels_is_kept() -> None:
    turned = Image.Exif()
    turned[ORIENTATION], turned[MAKER] = 6, "who took it and where"
    content = encoded(picture(), "JPEG", exif=turned, quality=95)
    assert b"who took it" in content
    one = shown(content)
    assert (one.width, one.height) == (30, 40)
    assert (is_red(opened(one), 0.8, 0.2), is_red(opened(one), 0.2, 0.2)) == (True, False)
    assert b"who took it" not in one.jpeg
    assert not opened(one).getexif()


def test_a_large_one_is_made_small_and_says_so() -> None:
    one = shown(encoded(picture(4000, 3000), "JPEG"))
    assert (one.width, one.height) == (1600, 1200)
    assert one.note.startswith("Shown with 1600\u202f×\u202f1200 of 4000\u202f×\u202f3000 pixels")
    noise = np.random.default_rng(1).integers(0, 256, (1500, 2000, 3), dtype=np.uint8)
    assert len(shown(encoded(Image.fromarray(noise), "JPEG")).jpeg) < 700_000


def many_scans() -> bytes:
    whole = encoded(picture(), "JPEG", progressive=True)
    scan = whole[whole.index(b"\xff\xda") : -2]
    return whole[:-2] + scan * 70 + whole[-2:]


def bomb() -> bytes:
    """Return a PNG of a few kilobytes that says it has 400 million pixels."""
    small = encoded(Image.new("1", (8, 8)))
    return small[:16] + (20_000).to_bytes(4, "big") * 2 + small[24:]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "cannot be decoded"),
        (encoded(picture())[:-30], "cannot be decoded"),
        (encoded(picture(400, 300), "JPEG")[:900], "cannot be decoded"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "cannot be decoded"),
        (encoded(picture(), "GIF"), "cannot be decoded"),
        (encoded(picture(), "TIFF"), "cannot be decoded"),
        (bomb(), "cannot be decoded"),
        (encoded(Image.new("1", (8000, 8000))), "more than 50 million"),
        (encoded(Image.fromarray(np.full((9, 9), 40_000, np.uint16))), "pixels are of the kind I"),
        (many_scans(), "more scans"),
        (b"", "cannot be decoded"),
    ],
    ids=["empty PNG", "cut PNG", "cut JPEG", "SVG", "GIF", "TIFF", "bomb", "large", "deep", "scans", "nothing"],
)
def test_what_cannot_be_shown_is_said_to_be_missing(content: bytes, why: str) -> None:
    one = shown(content)
    assert why in one.reason
    assert one.jpeg == b""
    record, files = with_photographs(content)
    page = render_html(record, None, files=files)
    assert page.count("data-no-photograph") == 1
    assert "<img" not in page
    assert one.reason in page


@given(data=st.data())
def test_no_broken_file_stops_a_report(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["PNG", "JPEG"]))
    content = bytearray(encoded(picture(), kind))
    for _ in range(data.draw(st.integers(min_value=1, max_value=8))):
        content[data.draw(st.integers(min_value=8, max_value=len(content) - 1))] = data.draw(st.integers(0, 255))
    one = shown(bytes(content))
    assert bool(one.jpeg) != bool(one.reason)


def test_another_file_than_the_one_on_record_is_not_shown() -> None:
    record, _ = with_photographs(encoded(picture()))
    (other,) = shown_photographs(record, lambda _: encoded(picture(8, 8)))
    assert other.reason == "its SHA-256 is not the one on record"

    def gone(entry: FileEntry) -> bytes:
        raise EvidenceError(f"{entry.file} cannot be read: No such file")

    (lost,) = shown_photographs(record, gone)
    assert lost.reason.endswith("No such file")
    assert list(shown_photographs(record, None)) == []


def test_of_very_many_the_first_are_shown_and_the_rest_is_told() -> None:
    record, files = with_photographs(*[encoded(picture())] * 14)
    found = list(shown_photographs(record, files))
    assert [bool(one.jpeg) for one in found] == [True] * 12 + [False] * 2
    assert "a report shows 12" in found[-1].reason


def test_the_page_holds_the_picture_and_fetches_nothing() -> None:
    record, files = with_photographs(encoded(picture()), caption=HOSTILE)
    page = render_html(record, None, files=files)
    (address, alt) = re.findall(r'<img src="data:image/jpeg;base64,([^"]+)" alt="([^"]+)"', page)[0]
    assert Image.open(BytesIO(b64decode(address))).size == (40, 30)
    assert alt.startswith("Photograph of the set-up: &lt;script&gt;")
    assert "img-src data:;" in page
    assert "default-src 'none'" in page
    assert "<img src=x" not in page


def test_the_pdf_holds_the_picture_with_its_words() -> None:
    broken = b"\x89PNG\r\n\x1a\n" + bytes(40)
    record, files = with_photographs(encoded(picture(400, 300)), broken, caption="Front \u202eof the bench")
    content = render_pdf(record, None, files=files)
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages).replace("\xa0", " ")
    assert "Photograph 1: Front" in text
    assert "Photograph 2. Front" in text
    assert "Not shown: it cannot be decoded" in text
    pages = PdfReader(BytesIO(content)).pages
    assert [image.image.size for page in pages for image in page.images if image.image] == [(400, 300)]
    with pikepdf.open(BytesIO(content)) as pdf:
        told = [str(one["/Alt"]) for one in pdf.objects if isinstance(one, pikepdf.Dictionary) and "/Alt" in one]
    assert any(one.startswith("Photograph of the set-up: Front") for one in told)
