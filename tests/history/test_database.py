"""A database is brought to the form that is written, keeps what it holds, and is never guessed at."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, bindparam, insert, text
from sqlalchemy.engine import URL, make_url

import rig.history
from rig.errors import HistoryError
from rig.history.address import FILE, chosen_address, shown_address
from rig.history.database import HEAD, connect, current_revision, reading, upgrade, writing
from rig.history.store import History
from rig.history.tables import METADATA
from tests.history.conftest import Rows


def scripts() -> ScriptDirectory:
    folder = Path(rig.history.__file__).parent
    return ScriptDirectory(str(folder), version_locations=[str(folder / "revisions")])


def test_the_last_revision_is_the_one_that_is_written() -> None:
    assert scripts().get_heads() == [HEAD]
    assert scripts().get_bases() == ["0001"]


def test_the_revisions_are_modules_of_the_package_and_so_in_what_is_installed() -> None:
    assert (Path(rig.history.__file__).parent / "revisions" / "__init__.py").is_file()  # or no wheel would have them
    modules = {one.name for one in files("rig.history.revisions").iterdir() if one.name.startswith("r0")}
    assert {Path(one.path).name for one in scripts().walk_revisions()} == modules


def test_the_revisions_make_the_tables_that_are_written(url: URL) -> None:
    engine = connect(url)
    assert upgrade(engine) is True
    assert upgrade(engine) is False
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": METADATA})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_a_database_of_a_newer_version_is_left_alone(url: URL, rows: Rows) -> None:
    with History(url) as history:
        history.add(rows())
    engine = connect(url)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(HistoryError, match="the database has form 9999, and this version of the rig reads"):
        History(url)
    with reading(engine) as connection:
        assert current_revision(connection) == "9999"
        assert connection.execute(text("SELECT count(*) FROM runs")).scalar() == 1
    engine.dispose()


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    file.write_text("important notes, and more of them than a page of a database holds\n" * 100, encoding="utf-8")
    with pytest.raises(HistoryError, match="not a database"):
        History(URL.create("sqlite", database=str(file)))
    assert file.read_text(encoding="utf-8").startswith("important notes")


def test_a_folder_that_is_not_there_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="unable to open database file"):
        History(URL.create("sqlite", database=str(tmp_path / "nowhere" / "history.sqlite")))


def test_without_a_setting_the_database_is_a_file_beside_the_evidence(tmp_path: Path) -> None:
    url = chosen_address(None, tmp_path, environment={})
    assert url == URL.create("sqlite", database=str(tmp_path / FILE))
    assert chosen_address(None, tmp_path, environment={"RIG_HISTORY": "none"}) is None
    assert chosen_address("x.db", tmp_path, environment={"RIG_HISTORY": "none"}) == URL.create(
        "sqlite", database=str(Path("x.db").absolute())
    )


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_postgresql_is_one_setting(tmp_path: Path, scheme: str) -> None:
    url = chosen_address(None, tmp_path, environment={"RIG_HISTORY": f"{scheme}://lab@db.example/results"})
    assert url == make_url("postgresql+psycopg://lab@db.example/results")


@pytest.mark.parametrize("text", ["mysql://u@h/d", "postgresql+asyncpg://u:secret-word@h/d", "://secret-word"])
def test_another_database_is_refused_without_repeating_its_address(tmp_path: Path, text: str) -> None:
    with pytest.raises(HistoryError) as refused:
        chosen_address(text, tmp_path, environment={})
    assert "secret-word" not in str(refused.value)


SECRETS = [
    "postgresql://lab:secret-word@127.0.0.1:1/results",
    "postgresql://lab@127.0.0.1:1/results?password=secret-word",
    "postgresql://lab@127.0.0.1:1/results?sslpassword=secret-word",
]


@pytest.mark.parametrize("text", SECRETS)
def test_a_password_is_never_said(tmp_path: Path, text: str) -> None:
    url = chosen_address(text, tmp_path, environment={})
    assert url is not None
    assert "secret-word" not in shown_address(url)
    with pytest.raises(HistoryError) as refused:  # nobody listens there
        History(url)
    assert "secret-word" not in str(refused.value)
    assert "127.0.0.1:1/results" in str(refused.value)


def test_a_wrong_password_is_not_repeated(postgresql: URL) -> None:
    engine = connect(postgresql)
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE runs (nothing integer)"))
    engine.dispose()
    address = postgresql.render_as_string().replace("rig@", "rig:secret-word@")  # the server asks for none
    with pytest.raises(HistoryError) as refused:  # because a table is in the way
        History(make_url(address))
    assert "already exists" in str(refused.value)
    assert "secret-word" not in str(refused.value)


NEW_SINCE_THE_FIRST = {
    "runs": {"temperature", "temperature_uncertainty", "humidity", "humidity_uncertainty", "deviations"},
    "cases": {"mode"},
}


def test_every_revision_keeps_what_there_is(url: URL, rows: Rows) -> None:
    put = rows(bundle="kept")
    engine = connect(url)
    upgrade(engine, target="0001")
    first = MetaData()
    with writing(engine) as connection:
        first.reflect(connection)
        assert set(first.tables) == {*METADATA.tables, "alembic_version"}
        for name, table in METADATA.tables.items():
            held = (put.run,) if name == "runs" else getattr(put, name)
            new = NEW_SINCE_THE_FIRST.get(name, set())
            assert {one.name for one in table.columns} - {one.name for one in first.tables[name].columns} == new
            kept = [one for one in table.columns if one.name not in new]
            values = [{one.name: getattr(row, one.name) for one in kept} for row in held]
            connection.execute(insert(table).values({one.name: bindparam(one.name) for one in kept}), values)
    engine.dispose()
    with History(url) as history:
        assert history.upgraded is True
        got = history.results(put.run.run_id)
        assert got.run == put.run
        assert [one.id for one in got.cases] == [one.id for one in put.cases]
        assert got.judgements == put.judgements
        assert history.add(rows(run_id="another", manifest="b" * 64)) is True
    with History(url) as again:
        assert again.upgraded is False
        assert len(again.runs()) == 2
