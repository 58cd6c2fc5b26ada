"""A PDF with its many small objects put together: a third of the size, and the same on every page."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

__all__ = ["packed"]


def packed(content: bytes) -> bytes:
    """Return the same document with its structure in object streams, which PDF/A-2 allows; the same bytes every time.

    typst writes each cell of a table as an object of its own, uncompressed: two thirds of a long report.
    """
    import pikepdf  # noqa: PLC0415 - only a PDF needs it

    # By way of files: from and to memory every piece would go through Python, which takes half as long again.
    with TemporaryDirectory() as folder:
        loose, together = Path(folder, "loose.pdf"), Path(folder, "packed.pdf")
        loose.write_bytes(content)
        with pikepdf.open(loose) as pdf:
            pdf.save(
                together,
                object_stream_mode=pikepdf.ObjectStreamMode.generate,
                deterministic_id=True,
                fix_metadata_version=False,
            )
        return together.read_bytes()
