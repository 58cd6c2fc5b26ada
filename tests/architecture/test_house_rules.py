from __future__ import annotations

import re
import tomllib

import pytest

from tests.architecture.project import ROOT, texts, tracked_files

# Written so that this file does not hold what it looks for.
FOREIGN = {
    "a path of one machine": r"(?<![\w.>\]])/(?:[w]ork|[r]oot|[h]ome|[U]sers)/",
    "the address of a package registry": r"[p]ypi\.org|[p]ythonhosted\.org|--[i]ndex-url|[t]rusted-host",
    "how the text came about": r"(?i)\b(?:[a]gents?|[a]ssistants?|[c]hatbots?|[c]o-authored-by|generated [w]ith)\b",
    "a private key": r"-----[B]EGIN [A-Z ]*PRIVATE KEY-----",
}
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "managers", "misc"}


@pytest.mark.parametrize("what", FOREIGN)
def test_no_text_of_the_project_holds(what: str) -> None:
    pattern = re.compile(FOREIGN[what])
    assert {(name, match[0]) for name, text in texts() for match in pattern.finditer(text)} == set()


def test_the_lists_of_hashes_name_no_registry_either() -> None:
    pattern = re.compile(FOREIGN["the address of a package registry"])
    for path in ROOT.glob("constraints*.txt"):
        text = path.read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert not pattern.search(text), path.name


@pytest.mark.parametrize(
    ("what", "parts"),
    [
        ("a path of one machine", ("see /ho", "me/somebody")),
        ("a path of one machine", ("'/ro", "ot/.cache'")),
        ("the address of a package registry", ("https://py", "pi.org/simple")),
        ("how the text came about", ("Co-Aut", "hored-By: somebody")),
        ("how the text came about", ("an age", "nt wrote it")),
        ("a private key", ("-----BEG", "IN RSA PRIVATE KEY-----")),
    ],
)
def test_what_is_looked_for_would_be_found(what: str, parts: tuple[str, str]) -> None:
    assert re.search(FOREIGN[what], "".join(parts))


@pytest.mark.parametrize("folder", ["fixtures", "reports", "docs"])
def test_data_folders_hold_no_python(folder: str) -> None:
    assert [path.name for path in tracked_files() if path.is_relative_to(ROOT / folder) and path.suffix == ".py"] == []


def test_no_module_is_named_after_nothing() -> None:
    modules = [path for path in tracked_files() if path.suffix == ".py"]
    assert modules
    for path in modules:
        assert not {part.removesuffix(".py") for part in path.relative_to(ROOT).parts} & EMPTY_NAMES, path


def test_every_part_of_the_package_has_its_tests() -> None:
    parts = {path.relative_to(ROOT / "rig").parts[0] for path in tracked_files() if path.is_relative_to(ROOT / "rig")}
    packages = {name for name in parts if (ROOT / "rig" / name / "__init__.py").is_file()}
    assert packages
    for name in packages:
        tests = [*(ROOT / "tests" / name).glob("test_*.py"), *(ROOT / "tests").glob(f"test_{name}.py")]
        assert tests, f"rig/{name} has no tests of its own"


def test_every_module_of_the_package_begins_with_one_sentence() -> None:
    for path in tracked_files():
        if path.suffix == ".py" and path.is_relative_to(ROOT / "rig"):
            first = path.read_text(encoding="utf-8").partition("\n")[0]
            assert re.match(r'"""[A-Z`].*\S', first), f"{path.relative_to(ROOT)}: {first!r}"


def test_generated_evidence_is_not_part_of_the_project() -> None:
    assert not [path for path in tracked_files() if path.is_relative_to(ROOT / "reports" / "out")]
    assert max(path.stat().st_size for path in tracked_files()) < 2_000_000, "waveforms belong into evidence, not here"


def test_what_is_installed_is_pinned_with_its_hash() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    run, dev = project["dependencies"], project["optional-dependencies"]["dev"]
    for name, wanted in (("constraints.txt", run), ("constraints-dev.txt", [*run, *dev])):
        pinned = {canonical(line) for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if "==" in line}
        assert {canonical(requirement) for requirement in wanted} <= pinned, name


def canonical(requirement: str) -> str:
    """The name in a requirement, as registries compare names."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""
