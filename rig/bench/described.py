"""What bench and device files say for a report: the laboratory, photographs of the set-up, and the very item tested."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LaboratoryPart", "PhotographPart", "SamplePart", "what_is_wrong_with_picture"]

_LARGEST = 20_000_000  # bytes of a photograph
_PICTURES = {b"\x89PNG\r\n\x1a\n": (".png",), b"\xff\xd8\xff": (".jpg", ".jpeg")}

Line = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$")]
Paragraph = Annotated[
    str, Field(min_length=1, max_length=4000, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f]+$"), AfterValidator(str.strip)
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LaboratoryPart(_Part):
    """Who tests; ``location`` is where the bench stands, if not at the laboratory's address."""

    name: Line
    address: Line
    location: Line | None = None


class PhotographPart(_Part):
    """A photograph of the set-up, PNG or JPEG, and what it shows."""

    file: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")]
    caption: Line


class SamplePart(_Part):
    """The very item that is tested; one that is not ``finished`` as it will be sold needs a ``justification``."""

    description: Paragraph | None = None
    lot: Line | None = None
    condition: Paragraph | None = None
    finished: bool | None = None
    justification: Paragraph | None = None
    conditioning: Paragraph | None = None
    sampled: date | None = None
    received: date | None = None
    accessories: tuple[Line, ...] = ()
    battery: Line | None = None

    @model_validator(mode="after")
    def _justified(self) -> SamplePart:
        if self.finished is False and self.justification is None:
            msg = "an item that is not finished as it will be sold needs a 'justification'"
            raise ValueError(msg)
        return self


def what_is_wrong_with_picture(path: Path) -> str:
    """Say why a file is no photograph that can go into the evidence; empty if it is one."""
    try:
        with path.open("rb") as file:
            start, size = file.read(8), path.stat().st_size
    except OSError as error:
        return f"{str(path)!r} cannot be read: {error.strerror or error}"
    kinds = next((names for magic, names in _PICTURES.items() if start.startswith(magic)), None)
    if kinds is None:
        return f"{str(path)!r} is neither a PNG nor a JPEG file"
    if path.suffix not in kinds:
        return f"{str(path)!r} is called otherwise than it is: {' or '.join(kinds)} is its suffix"
    if size > _LARGEST:
        return f"{str(path)!r} has {size / 1e6:.0f} MB; {_LARGEST / 1e6:.0f} MB are the most"
    return ""
