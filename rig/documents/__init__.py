"""One YAML or JSON file as a located, read-only tree, and every mistake in it at its place."""

from rig.documents.tree import Document, compose_document, read_document
from rig.documents.validate import problems_of, validate
from rig.documents.wording import nearest

__all__ = ["Document", "compose_document", "nearest", "problems_of", "read_document", "validate"]
