"""Values, limits and documents as ATML writes them: the types of IEEE 1671, ``Common``."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

from rig.report.xml_element import element
from rig.units import Unit

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from rig.evidence.record import FileEntry, LimitEntry

__all__ = ["datum", "document", "identifier", "item", "limits", "number", "said", "text_datum"]

_NAMES = uuid.uuid5(uuid.NAMESPACE_OID, "nmes-rig atml")
_CONFIDENCE = 0.95  # of every U of the rig
_STANDARD: dict[str, str] = {
    Unit.AMPERE: "A",
    Unit.VOLT: "V",
    Unit.SECOND: "s",
    Unit.HERTZ: "Hz",
    Unit.COULOMB: "C",
    Unit.JOULE: "J",
    Unit.OHM: "Ω",
    Unit.FARAD: "F",
    Unit.WATT: "W",
    Unit.KELVIN: "K",
    "°C": "°C",  # of the surroundings alone
}
_SPACE = re.compile(r"\s+")


def said(text: str, without: str = "none") -> str:
    """Return a text for where ATML wants one that is not blank, in one line."""
    return _SPACE.sub(" ", text).strip() or without


def identifier(*names: str) -> str:
    """Return the UUID of what has these names, the same whenever it is asked for."""
    return str(uuid.uuid5(_NAMES, "\0".join(names)))


def datum(parent: ET.Element, value: float, unit: Unit | str | None, uncertainty: float | None = None) -> None:
    """Add a number with its unit; ``uncertainty`` is its U for 95 %, as the limits of its error."""
    made = element(parent, "c:Datum", {"xsi:type": "c:double", "value": repr(float(value)), **_unit(unit)})
    if uncertainty is None:
        return
    pair = element(element(made, "c:ErrorLimits", {}), "c:LimitPair", {"operator": "AND"})
    for comparator, bound in (("GE", -uncertainty), ("LE", uncertainty)):
        datum(element(pair, "c:Limit", {"comparator": comparator}), bound, unit)
    element(made, "c:Confidence", {}, repr(_CONFIDENCE))


def text_datum(parent: ET.Element, text: str) -> None:
    """Add a text."""
    element(element(parent, "c:Datum", {"xsi:type": "c:string"}), "c:Value", {}, text)


def number(parent: ET.Element, name: str, value: float | None, unit: Unit | None = None) -> None:
    """Add a number to a collection, if there is one."""
    if value is not None:
        datum(element(parent, "c:Item", {"name": name}), value, unit)


def _unit(unit: Unit | str | None) -> dict[str, str]:
    if unit in {None, Unit.ONE, Unit.NUMBER}:
        return {}
    return {"standardUnit": _STANDARD[unit]} if unit in _STANDARD else {"nonStandardUnit": str(unit)}


def limits(parent: ET.Element, entry: LimitEntry) -> None:
    """Add a limit: one bound or two, each with how it is compared."""
    bounds = [
        (comparator, bound)
        for comparator, bound in (
            ("GE" if entry.lower_closed else "GT", entry.lower),
            ("LE" if entry.upper_closed else "LT", entry.upper),
        )
        if bound is not None
    ]
    if not bounds:
        return
    made = element(element(parent, "tr:TestLimits", {}), "tr:Limits", {"name": said(entry.text)})
    if len(bounds) == 1:
        ((comparator, bound),) = bounds
        datum(element(made, "c:SingleLimit", {"comparator": comparator}), bound, entry.unit)
    else:
        pair = element(made, "c:LimitPair", {"operator": "AND"})
        for comparator, bound in bounds:
            datum(element(pair, "c:Limit", {"comparator": comparator}), bound, entry.unit)
    where = ", ".join(filter(None, (entry.source, entry.edition, entry.clause and f"clause {entry.clause}")))
    element(made, "c:Description", {}, said(f"{entry.text}; binds {entry.statistic.value}; {where}"))


def document(parent: ET.Element, tag: str, entry: FileEntry) -> None:
    """Add a file of the bundle, known by its SHA-256."""
    made = element(
        parent,
        tag,
        {
            "uuid": identifier(entry.file, entry.sha256),
            "name": said(entry.file),
            "controlNumber": f"sha256:{entry.sha256}",
        },
    )
    element(made, "c:Text", {}, said(entry.origin or entry.file))


def item(
    parent: ET.Element, *, model: str, serial: str, version: str = "", maker: str = "", about: str = ""
) -> ET.Element:
    """Add to an instance what it is and its serial number; return its definition."""
    definition = element(parent, "c:Definition", {})
    if about:
        element(definition, "c:Description", {}, said(about))
    identification = element(definition, "c:Identification", {})
    if version:
        element(identification, "c:Version", {}, said(version))
    element(identification, "c:ModelName", {}, said(model, "unknown"))
    if maker:
        made = element(identification, "c:Manufacturers", {})
        element(made, "c:Manufacturer", {"name": said(maker)})
    element(parent, "c:SerialNumber", {}, said(serial, "unknown"))
    return definition
