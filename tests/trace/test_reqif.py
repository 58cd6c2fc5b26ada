"""ReqIF as tools write it is read like YAML and CSV; what a stranger may put into XML is refused."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pytest

from rig.errors import DocumentInvalid, Refused
from rig.evidence.trace.requirement import Requirements
from rig.sequencer.trace import reqif_guard
from rig.sequencer.trace.reading import read_requirements

FIXTURE = Path(__file__).parents[2] / "fixtures" / "requirements" / "p24.requirements.yaml"
XHTML = "http://www.w3.org/1999/xhtml"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
FIELDS = ("ReqIF.ForeignID", "ReqIF.Name", "ReqIF.Revision", "Revised", "Clauses")
TYPES = {"R": "Requirement", "H": "Hazard", "C": "Risk_Control", "T": "Heading"}


def attribute(kind: str, name: str, value: str) -> str:
    if name == "ReqIF.Text":
        paragraphs = "".join(f"<xhtml:p>{escape(line)}</xhtml:p>" for line in value.split("\n"))
        return (
            f"<ATTRIBUTE-VALUE-XHTML><DEFINITION><ATTRIBUTE-DEFINITION-XHTML-REF>{kind}-{name}"
            f"</ATTRIBUTE-DEFINITION-XHTML-REF></DEFINITION><THE-VALUE><xhtml:div>{paragraphs}</xhtml:div></THE-VALUE>"
            "</ATTRIBUTE-VALUE-XHTML>"
        )
    return (
        f"<ATTRIBUTE-VALUE-STRING THE-VALUE={quoteattr(value)}><DEFINITION><ATTRIBUTE-DEFINITION-STRING-REF>"
        f"{kind}-{name}</ATTRIBUTE-DEFINITION-STRING-REF></DEFINITION></ATTRIBUTE-VALUE-STRING>"
    )


def spec_object(identifier: str, kind: str, **values: str) -> str:
    own = "".join(attribute(kind, name.replace("_", "."), value) for name, value in values.items() if value)
    return (
        f'<SPEC-OBJECT IDENTIFIER="{identifier}" LAST-CHANGE="2026-01-01T00:00:00Z"><TYPE><SPEC-OBJECT-TYPE-REF>{kind}'
        f"</SPEC-OBJECT-TYPE-REF></TYPE><VALUES>{own}</VALUES></SPEC-OBJECT>\n"
    )


def relation(source: str, target: str) -> str:
    return (
        f'<SPEC-RELATION IDENTIFIER="{source}-{target}" LAST-CHANGE="2026-01-01T00:00:00Z">'
        "<TYPE><SPEC-RELATION-TYPE-REF>L</SPEC-RELATION-TYPE-REF></TYPE>"
        f"<SOURCE><SPEC-OBJECT-REF>{source}</SPEC-OBJECT-REF></SOURCE>"
        f"<TARGET><SPEC-OBJECT-REF>{target}</SPEC-OBJECT-REF></TARGET></SPEC-RELATION>\n"
    )


def spec_type(kind: str) -> str:
    strings = "".join(
        f'<ATTRIBUTE-DEFINITION-STRING IDENTIFIER="{kind}-{name}" LONG-NAME="{name}" '
        'LAST-CHANGE="2026-01-01T00:00:00Z">'
        "<TYPE><DATATYPE-DEFINITION-STRING-REF>S</DATATYPE-DEFINITION-STRING-REF></TYPE></ATTRIBUTE-DEFINITION-STRING>"
        for name in FIELDS
    )
    return (
        f'<SPEC-OBJECT-TYPE IDENTIFIER="{kind}" LONG-NAME="{TYPES[kind]}" LAST-CHANGE="2026-01-01T00:00:00Z">'
        f'<SPEC-ATTRIBUTES>{strings}<ATTRIBUTE-DEFINITION-XHTML IDENTIFIER="{kind}-ReqIF.Text" LONG-NAME="ReqIF.Text" '
        'LAST-CHANGE="2026-01-01T00:00:00Z"><TYPE><DATATYPE-DEFINITION-XHTML-REF>X</DATATYPE-DEFINITION-XHTML-REF></TYPE>'
        "</ATTRIBUTE-DEFINITION-XHTML></SPEC-ATTRIBUTES></SPEC-OBJECT-TYPE>\n"
    )


def document(objects: str, relations: str = "", order: tuple[str, ...] = ()) -> str:
    """Return a document as the standard lays it out: types, objects, relations, and a hierarchy below one heading."""
    below = "".join(
        f'<SPEC-HIERARCHY IDENTIFIER="n-{one}" LAST-CHANGE="2026-01-01T00:00:00Z"><OBJECT><SPEC-OBJECT-REF>{one}'
        "</SPEC-OBJECT-REF></OBJECT></SPEC-HIERARCHY>\n"
        for one in order
    )
    return (
        f'{HEAD}<REQ-IF xmlns="http://www.omg.org/spec/ReqIF/20110401/reqif.xsd" xmlns:xhtml="{XHTML}">\n'
        '<THE-HEADER><REQ-IF-HEADER IDENTIFIER="h"><CREATION-TIME>2026-01-01T00:00:00Z</CREATION-TIME>'
        "<REPOSITORY-ID>r</REPOSITORY-ID><REQ-IF-TOOL-ID>t</REQ-IF-TOOL-ID><REQ-IF-VERSION>1.0</REQ-IF-VERSION>"
        "<SOURCE-TOOL-ID>s</SOURCE-TOOL-ID><TITLE>T</TITLE></REQ-IF-HEADER></THE-HEADER>\n"
        '<CORE-CONTENT><REQ-IF-CONTENT><DATATYPES><DATATYPE-DEFINITION-STRING IDENTIFIER="S" LAST-CHANGE='
        '"2026-01-01T00:00:00Z" LONG-NAME="String" MAX-LENGTH="1000"/><DATATYPE-DEFINITION-XHTML IDENTIFIER="X" '
        'LAST-CHANGE="2026-01-01T00:00:00Z" LONG-NAME="XHTML"/></DATATYPES>\n'
        f"<SPEC-TYPES>{''.join(map(spec_type, TYPES))}"
        '<SPEC-RELATION-TYPE IDENTIFIER="L" LAST-CHANGE="2026-01-01T00:00:00Z" LONG-NAME="mitigates"/>'
        '<SPECIFICATION-TYPE IDENTIFIER="D" LAST-CHANGE="2026-01-01T00:00:00Z" LONG-NAME="Document"/></SPEC-TYPES>\n'
        f"<SPEC-OBJECTS>\n{objects}{spec_object('top', 'T', ReqIF_Name='Output')}</SPEC-OBJECTS>\n"
        f"<SPEC-RELATIONS>\n{relations}</SPEC-RELATIONS>\n"
        '<SPECIFICATIONS><SPECIFICATION IDENTIFIER="d" LAST-CHANGE="2026-01-01T00:00:00Z">'
        "<TYPE><SPECIFICATION-TYPE-REF>D</SPECIFICATION-TYPE-REF></TYPE>"
        '<CHILDREN><SPEC-HIERARCHY IDENTIFIER="n" LAST-CHANGE="2026-01-01T00:00:00Z">'
        f"<OBJECT><SPEC-OBJECT-REF>top</SPEC-OBJECT-REF></OBJECT><CHILDREN>\n{below}</CHILDREN></SPEC-HIERARCHY>"
        "</CHILDREN></SPECIFICATION></SPECIFICATIONS></REQ-IF-CONTENT></CORE-CONTENT></REQ-IF>\n"
    )


def as_reqif(asked: Requirements) -> str:
    """Write requirements as ReqIF: objects in the wrong order, which the hierarchy puts right; risks as relations."""
    objects = [
        spec_object(
            f"o-{one.id}", "R", ReqIF_ForeignID=one.id, ReqIF_Name=one.title, ReqIF_Text=one.text,
            ReqIF_Revision=one.revision, Revised=f"{one.revised}T00:00:00Z" if one.revised else "",
            Clauses="; ".join(one.clauses),
        )
        for one in asked.requirements
    ]  # fmt: skip
    objects += [spec_object(f"o-{one.id}", "H", ReqIF_ForeignID=one.id, ReqIF_Text=one.text) for one in asked.hazards]
    objects += [
        spec_object(f"o-{one.id}", "C", ReqIF_ForeignID=one.id, ReqIF_Text=one.text) for one in asked.risk_controls
    ]
    pairs = [(one.id, name) for one in asked.requirements for name in (*one.hazards, *one.risk_controls)]
    pairs += [(one.id, name) for one in asked.risk_controls for name in one.hazards]
    names = [one.id for one in asked.requirements]
    names += [one.id for one in asked.hazards]
    names += [one.id for one in asked.risk_controls]
    order = tuple(f"o-{name}" for name in names)
    links = [relation(f"o-{one}", f"o-{other}") for one, other in pairs]
    return document("".join(reversed(objects)), "".join(links), order)


def content(read: Requirements) -> Requirements:
    return replace(read, file="", sha256="", title="", revision="", notes=())


def written(tmp_path: Path, text: str | bytes, name: str = "r.reqif") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refused(path: Path) -> str:
    with pytest.raises(DocumentInvalid) as told:
        read_requirements(path)
    return str(told.value).removeprefix(str(path))


def test_three_readers_agree_on_the_same_requirements(tmp_path: Path) -> None:
    asked = read_requirements(FIXTURE)
    read = read_requirements(written(tmp_path, as_reqif(asked)))
    assert content(read) == content(asked)
    assert read.notes == (f"{tmp_path / 'r.reqif'}: left out: 1 headings",)


def test_an_archive_is_read_without_anything_but_its_requirements(tmp_path: Path) -> None:
    asked = read_requirements(FIXTURE)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../picture.png", b"x")
        archive.writestr("folder/all.reqif", as_reqif(asked))
    assert content(read_requirements(written(tmp_path, packed.getvalue(), "r.reqifz"))) == content(asked)
    assert not (tmp_path.parent.parent / "picture.png").exists()


def test_attributes_may_have_other_names(tmp_path: Path) -> None:
    path = written(tmp_path, document(spec_object("o", "R", ReqIF_Name="REQ-1", Clauses="words")))
    assert "holds no requirement" in refused(path)
    names = written(tmp_path, "{id: [reqif.name], title: [CLAUSES], revised: [LAST-CHANGE], clauses: []}", "names.yaml")
    found = read_requirements(path, names).requirements[0]
    assert (found.id, found.title, str(found.revised)) == ("REQ-1", "words", "2026-01-01")
    with pytest.raises(DocumentInvalid, match="unknown key 'ident'"):
        read_requirements(path, written(tmp_path, "{ident: [x]}", "wrong.yaml"))
    with pytest.raises(Refused, match="--attributes speaks of a ReqIF file"):
        read_requirements(FIXTURE, names)


def test_names_may_be_values_of_an_enumeration(tmp_path: Path) -> None:
    changed = 'LAST-CHANGE="2026-01-01T00:00:00Z"'
    values = "".join(
        f'<ENUM-VALUE IDENTIFIER="e{n}" {changed} LONG-NAME="HAZ-{n}"><PROPERTIES><EMBEDDED-VALUE KEY="{n}" '
        'OTHER-CONTENT=""/></PROPERTIES></ENUM-VALUE>'
        for n in (1, 2)
    )
    kinds = (
        f'<DATATYPE-DEFINITION-ENUMERATION IDENTIFIER="E" {changed} LONG-NAME="Risks"><SPECIFIED-VALUES>{values}'
        "</SPECIFIED-VALUES></DATATYPE-DEFINITION-ENUMERATION></DATATYPES>"
    )
    definition = (
        f'<ATTRIBUTE-DEFINITION-ENUMERATION IDENTIFIER="R-risks" LONG-NAME="Hazards" {changed} MULTI-VALUED="true">'
        "<TYPE><DATATYPE-DEFINITION-ENUMERATION-REF>E</DATATYPE-DEFINITION-ENUMERATION-REF></TYPE>"
        "</ATTRIBUTE-DEFINITION-ENUMERATION></SPEC-ATTRIBUTES>"
    )
    chosen = (
        "<ATTRIBUTE-VALUE-ENUMERATION><VALUES><ENUM-VALUE-REF>e2</ENUM-VALUE-REF><ENUM-VALUE-REF>e1</ENUM-VALUE-REF>"
        "</VALUES><DEFINITION><ATTRIBUTE-DEFINITION-ENUMERATION-REF>R-risks</ATTRIBUTE-DEFINITION-ENUMERATION-REF>"
        "</DEFINITION></ATTRIBUTE-VALUE-ENUMERATION></VALUES>"
    )
    objects = spec_object("o", "R", ReqIF_ForeignID="R").replace("</VALUES>", chosen)
    objects += "".join(spec_object(f"h{n}", "H", ReqIF_ForeignID=f"HAZ-{n}") for n in (1, 2))
    text = document(objects).replace("</DATATYPES>", kinds).replace("</SPEC-ATTRIBUTES>", definition, 1)
    assert read_requirements(written(tmp_path, text)).requirements[0].hazards == ("HAZ-2", "HAZ-1")


def test_a_day_is_taken_in_utc_and_hidden_letters_are_left_out(tmp_path: Path) -> None:
    one = spec_object(
        "o", "R", ReqIF_ForeignID="R", Revised="2026-03-02T00:30:00+02:00", ReqIF_Text="in\u00adsulation & <b>\nnext"
    )
    found = read_requirements(written(tmp_path, document(one))).requirements[0]
    assert (str(found.revised), found.text) == ("2026-03-01", "insulation & <b>\nnext")


def test_a_mistake_is_told_at_the_line_of_its_object(tmp_path: Path) -> None:
    objects = spec_object("a", "R", ReqIF_ForeignID="R") + spec_object("b", "R", ReqIF_ForeignID="R")
    text = document(objects)
    line = 1 + text[: text.index('IDENTIFIER="b"')].count("\n")
    assert refused(written(tmp_path, text)) == f":{line}:1: id: 'R' is given twice; first as requirements[0]"
    wrong = document(spec_object("a", "R", ReqIF_ForeignID="R", Revised="yesterday"))
    assert ": revised: " in refused(written(tmp_path, wrong))


ENTITY = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize("doctype", [ENTITY, LAUGHS, "<!DOCTYPE REQ-IF>", '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x">'])
def test_a_document_type_is_refused_before_anything_reads_it(tmp_path: Path, doctype: str) -> None:
    text = document(spec_object("a", "R", ReqIF_ForeignID="R")).replace(HEAD, HEAD + doctype)
    assert "has a document type, which ReqIF has not" in refused(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ":1:1: is not XML: no element found"),
        ("<a><b></a>", ":1:9: is not XML: mismatched tag"),
        ("<a/>", ":1:1: is not ReqIF: ReqIFXMLParsingError: Expected root tag to be REQ-IF, got: a."),
        ("<REQ-IF/>", ":1:1: has no content"),
        ('<?xml version="1.0" encoding="UTF-16"?><a/>', ":1:1: is written in UTF-16"),
        ("<a>\n\xff</a>".encode("latin-1"), ":2:1: is not UTF-8 text: byte 0xff"),
        (document("<SPEC-OBJECT/>"), ":1:1: is not ReqIF: NotImplementedError"),
        ("<a>" * 300, ":1:601: is nested more than 200 deep"),
    ],
)  # fmt: skip
def test_what_is_no_reqif_is_refused_in_one_message(tmp_path: Path, text: str | bytes, told: str) -> None:
    assert refused(written(tmp_path, text)).startswith(told)


def test_what_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reqif_guard, "MAX_ELEMENTS", 50)
    many = "".join(spec_object(f"o{n}", "R", ReqIF_ForeignID=f"R{n}") for n in range(20))
    assert "holds more than 50 elements" in refused(written(tmp_path, document(many)))
    monkeypatch.setattr(reqif_guard, "MAX_BYTES", 100_000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.reqif", b" " * 10_000_000)
    assert "MB of ReqIF" in refused(written(tmp_path, packed.getvalue(), "r.reqifz"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive", b"PK\x05\x06" + 18 * b"\x00"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    assert "archive" in (told := refused(written(tmp_path, content, "r.reqifz"))) or "no .reqif" in told
