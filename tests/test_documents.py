"""Files as located trees: what is read, what is refused, and where a mistake is said to be."""

from __future__ import annotations

import hashlib
import json
import string
import time
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from rig.documents import Document, compose_document, nearest, read_document, validate
from rig.documents.reader import MAX_DEPTH
from rig.documents.scalars import resolve_scalar
from rig.documents.tree import MAX_BYTES
from rig.errors import DocumentInvalid, Problem, Refused


def compose(text: str | bytes, *, defer: bool = False) -> Document:
    content = text if isinstance(text, bytes) else text.encode()
    return compose_document(content, shown_as="f.yaml", defer=defer)


def refusal(text: str | bytes) -> list[str]:
    with pytest.raises(DocumentInvalid) as caught:
        compose(text)
    return str(caught.value).splitlines()


class TestScalars:
    @pytest.mark.parametrize(
        "text", ["no", "off", "y", "1:30", "010", "0x1F", "0o17", ".inf", ".nan", "1e999", "1_000"]
    )
    def test_guesses_of_yaml_1_1_stay_text(self, text: str) -> None:
        assert compose(f"a: {text}").data == {"a": text}

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("1e-3", 0.001),
            ("-12", -12),
            ("0", 0),
            ("0.5", 0.5),
            (".5", 0.5),
            ("true", True),
            ("null", None),
            ("", None),
        ],
    )
    def test_core_rules_of_yaml_1_2(self, text: str, value: object) -> None:
        read = compose(f"a: {text}").data["a"]
        assert read == value
        assert type(read) is type(value)

    def test_a_number_too_long_for_a_whole_number_is_read_as_a_float_or_text(self) -> None:
        assert resolve_scalar("9" * 19) == 1e19
        assert resolve_scalar("9" * 400) == "9" * 400

    @pytest.mark.parametrize("text", ['"1"', "'true'", '"~"', "|\n  1"])
    def test_quoted_is_text(self, text: str) -> None:
        assert isinstance(compose(f"a: {text}").data["a"], str)

    def test_keys_are_text(self) -> None:
        assert compose("1: a\nyes: b\n~: c").data == {"1": "a", "yes": "b", "~": "c"}


plain_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(string.printable.strip() + " µΩ±", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(string.ascii_letters, min_size=1), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=60)
@given(plain_json)
def test_json_reads_as_itself(data: Any) -> None:
    assert compose(json.dumps(data, indent=1, ensure_ascii=False)).data == data


@settings(max_examples=60)
@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda content: content.decode("latin-1")))
def test_any_text_is_read_or_refused_with_one_clear_message_each(text: str) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        compose(text.encode("utf-8", "surrogatepass"))
    except DocumentInvalid as error:
        problems = error.problems or (Problem(file="", line=0, column=0, key="", message="refused without a word"),)
    for problem in problems:
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.message


def test_both_parsers_agree_on_places(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: {b: [1, 'µ x']}\nµ:\n  - id: x\n    y: |\n      text\n  - &n {z: 1}\nq: *n\n"

    def places(document: Document) -> list[tuple[int, int]]:
        locs: list[tuple[str | int, ...]] = [(), ("a", "b", 1), ("µ",), ("µ", 0, "y"), ("µ", 1, "z"), ("q", "z")]
        return [place for loc in locs for place in (document.locate(loc), document.locate_key(loc))]

    with_default = places(compose(text))
    monkeypatch.setattr("rig.documents.reader._Loader", yaml.SafeLoader)
    assert places(compose(text)) == with_default
    assert with_default[2] == (1, 12)


def test_half_a_character_is_refused_by_either_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'a: "\\ud800"'
    assert refusal(text)
    monkeypatch.setattr("rig.documents.reader._Loader", yaml.SafeLoader)
    assert refusal(text) == [
        "f.yaml:1:4: a: holds half of a character written as an escape; write the character itself"
    ]


class TestRefusals:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (b"", "f.yaml:1:1: is empty"),
            (b"# only a comment\n", "f.yaml:1:1: is empty"),
            (b"a: b\nc: \xff", "f.yaml:2:4: is not UTF-8 text: byte 0xff"),
            (b"a: 1\n\tb: 2", "f.yaml:2:1: a tab is used to indent; use spaces"),
            (b"a: 1\nb: \x00", "f.yaml:2:4: the character U+0000 may not stand"),
            (b"a: 1\nb: \x1b[31m", "f.yaml:2:4: the character U+001B may not stand"),
            ("a: \ufeff".encode(), "f.yaml:1:4: the character U+FEFF may not stand"),
            (b"a: [1, 2\nb: 3", "f.yaml:2:2: is not YAML"),
            (b"a: 'open", "is not YAML"),
            (b"a: 1\n---\nb: 2", "f.yaml:2:1: a second document begins here"),
            (b"a: 1\na: 2", "f.yaml:2:1: a: the key is given twice; first on line 1"),
            (b"a: !!python/object:os.system x", "f.yaml:1:4: a: the tag"),
            (b"a: !!set {b}", "f.yaml:1:4: a: the tag 'set' means nothing here"),
            (b"<<: {a: 1}", "f.yaml:1:1: <<: merging with '<<' is not supported"),
            (b"? [a]\n: 1", "f.yaml:1:3: a key must be plain text"),
            (b"a: *b", "f.yaml:1:4: a: the alias '*b' names no anchor before it"),
            (b"a: &a [*a]", "f.yaml:1:8: a[0]: the alias '*a' names no anchor before it"),
            (b"[" * 2000, f"is nested more than {MAX_DEPTH} deep"),
            (b"%YAML 9.9\n---\na: 1", "is not YAML"),
        ],
    )
    def test_one_clear_message(self, text: bytes, message: str) -> None:
        assert len(refusal(text)) == 1
        assert message in refusal(text)[0]

    def test_a_billion_laughs_end_quickly(self) -> None:
        levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 30)]
        text = "\n".join(["l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]", *levels])
        began = time.process_time()
        (message,) = refusal(text)
        assert "its aliases expand to more than" in message
        assert time.process_time() - began < 5

    def test_a_quadratic_blow_up_ends_too(self) -> None:
        text = "a: &a [" + "x, " * 5000 + "]\nb: [" + "*a, " * 5000 + "]"
        assert "its aliases expand to more than" in refusal(text)[0]

    def test_too_many_values(self) -> None:
        assert "holds more than" in refusal("[" + "1," * 200_001 + "]")[0]

    def test_several_at_once(self) -> None:
        assert len(refusal("a: 1\na: 2\nb: !x 3\nb: 4")) == 3

    def test_a_modest_alias_is_fine(self) -> None:
        assert compose("a: &a [1, {b: 2}]\nc: *a").data == {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}

    def test_a_byte_order_mark_is_fine(self) -> None:
        assert compose(b"\xef\xbb\xbfa: 1").locate(("a",)) == (1, 4)


class TestFiles:
    def test_missing_with_the_nearest_name(self, tmp_path: Path) -> None:
        (tmp_path / "smoke.plan.yaml").write_text("a: 1")
        with pytest.raises(DocumentInvalid, match=r"there is no such file; did you mean 'smoke\.plan\.yaml'\?"):
            read_document(tmp_path / "smok.plan.yaml")

    def test_missing_in_a_missing_folder(self, tmp_path: Path) -> None:
        with pytest.raises(DocumentInvalid, match=r"there is no such file$"):
            read_document(tmp_path / "nowhere" / "x.yaml")

    def test_folder(self, tmp_path: Path) -> None:
        with pytest.raises(DocumentInvalid, match="is a folder"):
            read_document(tmp_path)

    def test_device(self) -> None:
        zero = Path("/dev/zero")
        if not zero.exists():
            pytest.skip("this system has no /dev/zero")
        with pytest.raises(DocumentInvalid, match="is not an ordinary file"):
            read_document(zero)

    def test_too_large(self, tmp_path: Path) -> None:
        path = tmp_path / "large.yaml"
        path.write_bytes(b"#" * (MAX_BYTES + 1))
        with pytest.raises(DocumentInvalid, match="is larger than 4 MB"):
            read_document(path)

    def test_a_name_that_no_file_can_have(self) -> None:
        with pytest.raises(DocumentInvalid) as caught:
            read_document(Path("a\0b\n"))
        assert "\n" not in str(caught.value)
        assert isinstance(caught.value, Refused)

    def test_hash_and_name(self, tmp_path: Path) -> None:
        path = tmp_path / "a.yaml"
        path.write_bytes(b"a: 1\n")
        document = read_document(path, shown_as="plans/a.yaml")
        assert document.shown_as == "plans/a.yaml"
        assert document.sha256 == hashlib.sha256(b"a: 1\n").hexdigest()
        assert document.problem((), "x").file == "plans/a.yaml"


def test_places_of_keys_values_and_what_is_not_there() -> None:
    document = compose("a:\n  b: [x, y]\n  c: 3\n")
    assert document.locate(("a", "b", 1)) == (2, 10)
    assert document.locate_key(("a", "b")) == (2, 3)
    assert document.locate_key(("a", "b", 1)) == (2, 10)
    assert document.locate_key(()) == (1, 1)
    assert document.locate(("a", "c", "deeper")) == (3, 6)
    assert document.locate(("a", "b", 7)) == (2, 6)
    assert document.locate_key(("a", "zz")) == (2, 3)
    assert str(document.problem(("a", "b", 1), "bad")) == "f.yaml:2:10: a.b[1]: bad"


def test_a_hostile_key_cannot_write_on_the_terminal() -> None:
    document = compose('"\\e[31m\\nfoo": 1')
    problem = document.problem(("\x1b[31m\nfoo",), "bad", at_key=True)
    assert problem.key.isprintable()
    assert len(document.problem(("x" * 500,), "bad").key) < 70


class Load(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    rate: float = Field(gt=0)
    kind: Literal["open", "resistor"] = "open"
    due: date | None = None
    label: str = Field(default="x", min_length=1, max_length=3, pattern="^[a-z]*$")


class Box(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    kind: Literal["box"]
    inner: Load


class Rack(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    kind: Literal["rack"]


def _even(value: int) -> int:
    if value % 2:
        msg = f"{value} is odd"
        raise ValueError(msg)
    return value


class Bench(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    loads: tuple[Load, ...] = Field(default=(), min_length=1)
    names: dict[Literal["left", "right"], int] = Field(default_factory=dict)
    by_name: dict[str, Load] = Field(default_factory=dict)
    on: bool = True
    count: Annotated[int, AfterValidator(_even)] = 0
    either: int | list[int] | Load = 1
    pair: tuple[int, Load] | None = None
    housing: Annotated[Box | Rack, Field(discriminator="kind")] | None = None


def mistakes(text: str, model: type[BaseModel] = Bench) -> list[str]:
    with pytest.raises(DocumentInvalid) as caught:
        validate(compose(text, defer=True), model)
    return str(caught.value).splitlines()


class TestValidate:
    def test_lists_dates_and_numbers_as_a_file_means_them(self) -> None:
        bench = validate(compose("loads: [{rate: 3, due: 2027-01-31}]"), Bench)
        assert bench.loads == (Load(rate=3.0, due=date(2027, 1, 31)),)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("load: 1", "f.yaml:1:1: load: unknown key 'load'; did you mean 'loads'?"),
            ("LOADS: 1", "f.yaml:1:1: LOADS: unknown key 'LOADS'; did you mean 'loads'?"),
            ("xyz: 1", "f.yaml:1:1: xyz: unknown key 'xyz'; expected one of: loads, names, by_name, on, count"),
            ("loads:\n- {kind: open}", "f.yaml:2:3: loads[0].rate: the required key 'rate' is missing"),
            ("loads:\n- {rate: x}", "f.yaml:2:10: loads[0].rate: expected a number, found 'x'"),
            ("loads:\n- {rate: true}", "f.yaml:2:10: loads[0].rate: expected a number, found true"),
            ("loads:\n- {rate: }", "loads[0].rate: expected a number, found nothing"),
            ("loads:\n- {rate: [1]}", "loads[0].rate: expected a number, found a list"),
            ("loads:\n- {rate: -1}", "f.yaml:2:10: loads[0].rate: must be greater than 0.0, found -1"),
            ("loads:\n- {rate: 1, rat: 2}", "f.yaml:2:13: loads[0].rat: unknown key 'rat'; did you mean 'rate'?"),
            ("loads: []", "f.yaml:1:8: loads: expected at least 1 value, found an empty list"),
            ("loads: 3", "f.yaml:1:8: loads: expected a list, found 3"),
            ("loads: [3]", "f.yaml:1:9: loads[0]: expected keys with values, found 3"),
            ("loads: [{rate: 1, kind: opn}]", "expected 'open' or 'resistor', found 'opn'; did you mean 'open'?"),
            ("loads: [{rate: 1, kind: zz}]", "expected 'open' or 'resistor', found 'zz'"),
            ("loads: [{rate: 1, kind: {a: 1}}]", "expected 'open' or 'resistor', found keys with values"),
            ("loads: [{rate: 1, due: 2027-13-31}]", "due: expected a date such as 2027-01-31, found '2027-13-31'"),
            ("loads: [{rate: 1, label: 12}]", "loads[0].label: expected text, found 12; put it in quotes"),
            ("loads: [{rate: 1, label: ''}]", "loads[0].label: expected at least 1 character, found ''"),
            ("loads: [{rate: 1, label: abcd}]", "loads[0].label: expected at most 3 characters, found 'abcd'"),
            ("loads: [{rate: 1, label: AB}]", "loads[0].label: 'AB' is not of the form ^[a-z]*$"),
            ("names: {lft: 1}", "f.yaml:1:9: names.lft: unknown key 'lft'; did you mean 'left'?"),
            ("by_name:\n  a: {rat: 1, rate: 2}", "f.yaml:2:7: by_name.a.rat: unknown key 'rat'; did you mean 'rate'?"),
            ("on: no", "f.yaml:1:5: on: expected true or false, found 'no'"),
            ("count: 1", "f.yaml:1:8: count: 1 is odd"),
            ("count: 1.5", "f.yaml:1:8: count: expected a whole number, found 1.5"),
            ("either: x", "either: expected a whole number or a list or keys with values, found 'x'"),
            ("either: [1, x]", "f.yaml:1:13: either[1]: expected a whole number, found 'x'"),
            ("either: {rate: 1, knd: x}", "f.yaml:1:19: either.knd: unknown key 'knd'; did you mean 'kind'?"),
            ("pair: [1, {rate: 1, knd: x}]", "f.yaml:1:21: pair[1].knd: unknown key 'knd'; did you mean 'kind'?"),
            ("housing: {kind: bx}", "f.yaml:1:10: housing: the key 'kind' must say which kind this is: 'box', 'rack'"),
            ("housing: {}", "f.yaml:1:10: housing: the key 'kind' must say which kind this is"),
            ("housing: {kind: box, inner: {rate: 1, knd: 2}}", "inner.knd: unknown key 'knd'; did you mean 'kind'?"),
            ("- 1", "f.yaml:1:1: expected keys with values, found a list"),
        ],
    )  # fmt: skip
    def test_each_mistake_at_its_place(self, text: str, message: str) -> None:
        found = mistakes(text)
        assert len(found) == 1
        assert message in found[0]

    def test_all_mistakes_at_once_those_of_reading_included(self) -> None:
        found = mistakes("loads: [{rate: x}, {rat: 1}]\non: 3\non: 4\nzz: 1\n")
        assert [line.split(":")[1:3] for line in found] == [
            ["1", "16"], ["1", "20"], ["1", "21"], ["2", "5"], ["3", "1"], ["4", "1"],
        ]  # fmt: skip

    def test_a_duplicate_key_alone_is_enough(self) -> None:
        assert mistakes("on: true\non: false") == ["f.yaml:2:1: on: the key is given twice; first on line 1"]

    def test_faulty_items_do_not_make_a_list_short(self) -> None:
        assert len(mistakes("loads: [{rate: x}]")) == 1

    @settings(max_examples=40)
    @given(st.text(string.ascii_lowercase, min_size=1, max_size=8).filter(lambda key: key not in Bench.model_fields))
    def test_any_unknown_key_is_refused_with_its_line(self, key: str) -> None:
        assert mistakes(f"on: true\n{json.dumps(key)}: 1")[0].startswith(f"f.yaml:2:1: {key}: unknown key")

    def test_no_word_of_the_program(self) -> None:
        text = "loads: [{rate: x, due: 1, kind: 3, label: 5}, 3]\non: 3\ncount: x\neither: {rate: []}\npair: [1]"
        for word in ("pydantic", "Input", "dict", "tuple", "str ", "instance", "None"):
            assert word not in "\n".join(mistakes(text))


class Opaque:
    """A type that no JSON schema can draw."""


class NotDrawn(BaseModel):
    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    path: Path = Path()
    made: Opaque | None = None


def test_a_model_without_a_drawn_schema_still_refuses_unknown_keys() -> None:
    assert mistakes("zz: 1", NotDrawn) == ["f.yaml:1:1: zz: unknown key 'zz'"]
    assert "found" in mistakes("path: 3", NotDrawn)[0]


def test_nearest_prefers_what_the_name_begins() -> None:
    assert nearest("biphasic", ["monophasic", "biphasic_symmetric"]) == "; did you mean 'biphasic_symmetric'?"
    assert nearest("q", [f"name{n}" for n in range(30)]) == ""
