from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

from rig import errors

TREE = re.compile(r"^(?P<branch>[ │├└─]*)(?P<name>[A-Z]\w+)(?P<meaning>.*)$")


def drawn() -> Iterator[tuple[str, str | None, str]]:
    """Each class of the drawing with its parent and its meaning; four columns are one level."""
    path: list[str] = []
    for line in (errors.__doc__ or "").partition("::\n")[2].splitlines():
        found = TREE.match(line)
        if found is None:
            assert not line.strip(), f"not part of the tree: {line!r}"
            continue
        level = len(found["branch"]) // 4 - 1
        path[level:] = [found["name"]]
        yield found["name"], path[level - 1] if level else None, found["meaning"].strip()


def raised() -> dict[str, type[BaseException]]:
    return {
        name: item
        for name, item in vars(errors).items()
        if inspect.isclass(item) and issubclass(item, BaseException) and item.__module__ == errors.__name__
    }


def test_every_class_stands_in_the_drawing_under_its_parent() -> None:
    classes = raised()
    drawing = list(drawn())
    assert [name for name, _, _ in drawing] == list(dict.fromkeys(name for name, _, _ in drawing))
    assert {name for name, _, _ in drawing} == set(classes)
    for name, parent, _ in drawing:
        assert classes[name].__bases__[0].__name__ == (parent or "Exception")


def test_every_class_is_public_and_says_in_one_sentence_what_it_means() -> None:
    for name, item in raised().items():
        assert name in errors.__all__
        sentence = (item.__doc__ or "").strip()
        assert re.fullmatch(r"[A-Z][^\n]*\.", sentence), f"{name}: {sentence!r}"


def test_everything_drawn_has_a_meaning_except_the_root() -> None:
    for name, parent, meaning in drawn():
        assert bool(meaning) is (parent is not None), name
