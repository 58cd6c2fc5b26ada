"""XML elements with texts of a record in them, whatever those hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["element", "xml_text"]

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(parent: ET.Element | None, tag: str, attributes: Mapping[str, str], text: str = "") -> ET.Element:
    """Return a new element, within ``parent`` if there is one; what XML 1.0 cannot hold in any way is left out."""
    clean = {name: _ILLEGAL.sub("", value) for name, value in attributes.items()}
    made = ET.Element(tag, clean) if parent is None else ET.SubElement(parent, tag, clean)
    if text:
        made.text = _ILLEGAL.sub("", text)
    return made


def xml_text(root: ET.Element) -> str:
    """Return a document, indented."""
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'
