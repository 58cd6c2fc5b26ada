"""The same tests on SQLite and on PostgreSQL: an empty database of each, and runs to put into it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from rig.evidence.record import RunRecord
from rig.history.flatten import flatten
from rig.history.results import Results
from tests.report.conftest import every_verdict, run

SERVER = "RIG_TEST_POSTGRESQL"


@contextmanager
def database_of_its_own() -> Iterator[URL]:
    """Yield an empty database on the server that the environment names; skip where it names none."""
    if SERVER not in os.environ:
        pytest.skip(f"{SERVER} names no server; .ci/postgresql starts one for a command")
    server = make_url(os.environ[SERVER])
    name = f"rig_{secrets.token_hex(6)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield server.set(database=name)
        finally:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[URL]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield URL.create("sqlite", database=str(tmp_path / "history.sqlite"))
        return
    with database_of_its_own() as server:
        yield server


@pytest.fixture
def postgresql() -> Iterator[URL]:
    """The address of an empty database on a server."""
    with database_of_its_own() as server:
        yield server


@pytest.fixture
def record() -> RunRecord:
    """A run with every verdict, a repeated attempt, an open load, an expired calibration and hostile texts."""
    return every_verdict()


Rows = Callable[..., Results]


@pytest.fixture
def rows() -> Rows:
    """Lay out a run in rows; fields of its record may be told."""

    def of(*, manifest: str = "a" * 64, bundle: str = "reports/out/x", **fields: object) -> Results:
        record = every_verdict() if "cases" not in fields else run(fields.pop("cases"), **fields)  # type: ignore[arg-type] # told by name
        return flatten(record.model_copy(update=fields), manifest_sha256=manifest, bundle=bundle)

    return of
