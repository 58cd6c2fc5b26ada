"""Photographs of the set-up as a report shows them: decoded, made small and encoded anew, or why one is not shown."""

from __future__ import annotations

import hashlib
import warnings
from base64 import b64encode
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from rig.errors import RigError
from rig.report.drawing import Drawing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PIL.Image import Image

    from rig.evidence.about import PhotographEntry
    from rig.evidence.entry import FileEntry
    from rig.evidence.record import RunRecord

    ReadFile = Callable[[FileEntry], bytes]

__all__ = ["ReadFile", "ShownPhotograph", "shown_photographs"]

_SHOWN = 12
_MOST_PIXELS = 50_000_000
_MOST_SCANS = 64  # of a JPEG: a progressive one has about ten, and each is work over all of its pixels
_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"})
# Longest side in pixels, and quality: 1600 are 240 an inch over the width of a page. What is still large is noise.
_SIZES = ((1600, 82), (1000, 60))
_LARGE = 700_000  # bytes of one photograph


class _NotShownError(Exception):
    """Why a photograph is not shown, in words that follow a colon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPhotograph:
    """One photograph: what it shows, the picture as JPEG of so many pixels, or the ``reason`` why there is none."""

    number: int
    caption: str
    note: str = ""
    reason: str = ""
    jpeg: bytes = b""
    width: int = 0
    height: int = 0

    @property
    def alt(self) -> str:
        """What it is, for who cannot see it."""
        return f"Photograph of the set-up: {self.caption}"

    @property
    def address(self) -> str:
        """The picture as an address that holds it."""
        return f"data:image/jpeg;base64,{b64encode(self.jpeg).decode()}"

    @property
    def drawing(self) -> Drawing:
        """The picture as an SVG element, which is how a picture gets into a PDF; without one its caption says why."""
        if self.reason:
            return Drawing(caption=f"{self.caption}. Not shown: {self.reason}.")
        size = f'width="{self.width}" height="{self.height}"'
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {self.width} {self.height}">'
            f'<image {size} href="{self.address}"/></svg>'
        )
        return Drawing(svg=svg, caption=f"{self.caption}. {self.note}", alt=self.alt)


def shown_photographs(record: RunRecord, read: ReadFile | None) -> Iterator[ShownPhotograph]:
    """Yield the photographs of a run's set-up; ``read`` reads a file of the evidence, and without it there are none.

    What the files hold is somebody else's: nothing of one but its pixels reaches the report.
    """
    if record.bench is None or read is None:
        return
    for number, entry in enumerate(record.bench.photographs, 1):
        try:
            if number > _SHOWN:
                raise _NotShownError(f"a report shows {_SHOWN}; the file is in the evidence")  # noqa: TRY301 - one place tells of all
            yield _shown(number, entry, _content(entry, read))
        except _NotShownError as reason:
            yield ShownPhotograph(number=number, caption=entry.caption, reason=str(reason))


def _content(entry: PhotographEntry, read: ReadFile) -> bytes:
    try:
        content = read(entry.source)
    except (RigError, OSError) as error:
        raise _NotShownError(str(error)) from error
    if hashlib.sha256(content).hexdigest() != entry.source.sha256:
        raise _NotShownError("its SHA-256 is not the one on record")
    return content


def _shown(number: int, entry: PhotographEntry, content: bytes) -> ShownPhotograph:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # decoders warn of odd metadata, none of which is kept
            picture, (width, height) = _decoded(content)
            jpeg, small = _encoded(picture)
    except _NotShownError:
        raise
    except Exception as error:  # a decoder raises whatever a broken file leads it to
        raise _NotShownError(f"it cannot be decoded ({type(error).__name__})") from error
    as_taken = (small.width, small.height) == (width, height)
    scaled = "" if as_taken else f" of {width}\u202f×\u202f{height}"
    note = f"Shown with {small.width}\u202f×\u202f{small.height}{scaled} pixels; the file is in the evidence."
    return ShownPhotograph(
        number=number, caption=entry.caption, note=note, jpeg=jpeg, width=small.width, height=small.height
    )


def _decoded(content: bytes) -> tuple[Image, tuple[int, int]]:
    """Return the pixels in their colours, upright, and how many there were across and down."""
    from PIL import Image, ImageOps  # noqa: PLC0415 - few runs have a photograph

    if content.startswith(b"\xff\xd8") and content.count(b"\xff\xda") > _MOST_SCANS:
        raise _NotShownError("it has more scans than a photograph has")
    with Image.open(BytesIO(content), formats=("PNG", "JPEG")) as opened:
        size = opened.size
        if size[0] * size[1] > _MOST_PIXELS:
            raise _NotShownError(f"it has {size[0]} × {size[1]} pixels, more than {_MOST_PIXELS / 1e6:.0f} million")
        if opened.mode not in _MODES:
            raise _NotShownError(f"its pixels are of the kind {opened.mode}")
        opened.draft("RGB", (_SIZES[0][0], _SIZES[0][0]))
        upright = ImageOps.exif_transpose(opened)
        if (upright.width > upright.height) != (size[0] > size[1]):
            size = (size[1], size[0])
        if upright.mode in {"1", "P"}:  # of which no mean can be taken
            upright = upright.convert("RGBA")
        upright.thumbnail((_SIZES[0][0], _SIZES[0][0]))
        seen = upright.convert("RGBA")
    paper = Image.new("RGB", seen.size, "white")
    paper.paste(seen, mask=seen.getchannel("A"))
    return paper, size


def _encoded(picture: Image) -> tuple[bytes, Image]:
    """Return the picture as JPEG without any metadata, and as it was made small for that."""
    made = b""
    for side, quality in _SIZES:
        picture.thumbnail((side, side))
        file = BytesIO()
        picture.save(file, "JPEG", quality=quality)
        made = file.getvalue()
        if len(made) <= _LARGE:
            break
    return made, picture
