"""ReqIF from strangers: what is given to the reader is plain, bounded XML, and names nothing outside of itself."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import TYPE_CHECKING
from xml.parsers import expat

from rig.errors import DocumentInvalid, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_DEPTH", "MAX_ELEMENTS", "plain_documents"]

MAX_BYTES = 64_000_000  # of all XML in one file, unpacked
MAX_MEMBERS = 10_000
MAX_DEPTH = 200
MAX_ELEMENTS = 2_000_000

_ENCODINGS = {"", "utf-8", "utf8", "us-ascii", "ascii"}


def plain_documents(file: str, content: bytes, *, packed: bool) -> Iterator[tuple[str, str]]:
    """Yield name and text of every ReqIF document in a file, each of them seen to be harmless.

    Raises
    ------
    DocumentInvalid
        if it is no archive, no XML, or too large; and for a document type: ReqIF has none, and entities come with it
    """
    documents = list(_unpacked(file, content)) if packed else [(file, content)]
    if not documents:
        raise _problem(file, 1, "holds no .reqif file")
    for name, document in documents:
        _examine(name, document)
        yield name, document.decode("utf-8-sig")


def _problem(file: str, line: int, message: str, column: int = 1) -> DocumentInvalid:
    return DocumentInvalid([Problem(file=file, line=line, column=column, key="", message=message)])


def _unpacked(file: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the ReqIF documents of an archive; nothing else in it is opened, and nothing is written."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS:
                raise _problem(file, 1, f"holds {len(members)} files, more than {MAX_MEMBERS}")
            left = MAX_BYTES
            for member in sorted(members, key=lambda one: one.filename):
                if not member.filename.lower().endswith(".reqif"):
                    continue
                with archive.open(member) as stream:
                    document = stream.read(left + 1)  # what the archive says of a size is not believed
                left -= len(document)
                if left < 0:
                    raise _problem(file, 1, f"holds more than {MAX_BYTES // 1_000_000} MB of ReqIF")
                yield f"{file}/{member.filename}", document
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise _problem(file, 1, f"is no archive that can be read: {error}") from error


class _Watch:
    """Looks at a document while expat reads it, and refuses what a ReqIF file has no need of."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._depth = self._elements = 0
        self.parser = expat.ParserCreate()
        self.parser.XmlDeclHandler = self._declared
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _refuse(self, message: str) -> DocumentInvalid:
        return _problem(self._file, self.parser.CurrentLineNumber, message, self.parser.CurrentColumnNumber + 1)

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if (encoding or "").lower() not in _ENCODINGS:
            raise self._refuse(f"is written in {encoding}; ReqIF is read as UTF-8")

    def _doctype(self, *_: object) -> None:
        raise self._refuse("has a document type, which ReqIF has not: entities could be anything")

    def _start(self, *_: object) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH:
            raise self._refuse(f"is nested more than {MAX_DEPTH} deep")
        if self._elements > MAX_ELEMENTS:
            raise self._refuse(f"holds more than {MAX_ELEMENTS} elements")

    def _end(self, *_: object) -> None:
        self._depth -= 1


def _examine(file: str, document: bytes) -> None:
    try:
        document.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = document[: error.start].count(b"\n") + 1
        raise _problem(file, line, f"is not UTF-8 text: byte 0x{document[error.start]:02x}") from error
    watch = _Watch(file)
    try:
        watch.parser.Parse(document, True)  # noqa: FBT003 - its second parameter has no name: this is all of it
    except expat.ExpatError as error:
        message = f"is not XML: {expat.ErrorString(error.code)}"
        raise _problem(file, error.lineno, message, error.offset + 1) from error
