"""A database opened and brought to the form that this version writes, whoever else opens it at the same moment."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine, event, inspect, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from rig.errors import HistoryError
from rig.history.address import shown_address, without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import URL, Connection, Engine

__all__ = ["HEAD", "connect", "current_revision", "reading", "upgrade", "writing"]

HEAD: Final = "0002"
"""The form of the database that this version reads and writes; a test compares it with the revisions."""

_VERSIONS = "alembic_version"
_PATIENCE = 10  # s, for a server to answer and for others to let go of a lock
_LOCK = 0x7269675F  # an advisory lock of our own: upgrades of one database happen one after the other


def connect(url: URL) -> Engine:
    """Return an engine for a database; nothing is opened yet.

    Raises
    ------
    HistoryError
        if the database's driver is not installed
    """
    try:
        if url.get_backend_name() == "sqlite":
            engine = create_engine(url, connect_args={"timeout": _PATIENCE})
            _begin_as_told(engine)
            return engine
        # A server that is gone, or that somebody holds a lock in, keeps no run from ending.
        milliseconds = 1000 * _PATIENCE
        return create_engine(
            url,
            connect_args={
                "connect_timeout": _PATIENCE // 2,
                "options": f"-c lock_timeout={milliseconds} -c statement_timeout={3 * milliseconds}",
                "tcp_user_timeout": milliseconds,
                "application_name": "rig",
            },
        )
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "psycopg":
            raise
        raise HistoryError('results go to PostgreSQL with psycopg: pip install "nmes-rig[postgresql]"') from None
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise HistoryError(f"{shown_address(url)}: {without_secrets(str(error), url)}") from None


def _begin_as_told(engine: Engine) -> None:
    """Let transactions of SQLite begin when we say so: its driver would begin them late, and never before DDL."""

    @event.listens_for(engine, "connect")
    def _(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own connection
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        # Two writers that have both read already could only wait for each other.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Yield a connection that reads.

    Raises
    ------
    HistoryError
        if the database cannot be reached or read
    """
    with _told(engine), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Yield a connection whose changes are all made at the end, or none of them.

    Raises
    ------
    HistoryError
        if the database cannot be reached or written
    """
    with _told(engine), engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


@contextmanager
def _told(engine: Engine) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()
        said = without_secrets(reason[0] if reason else type(error).__name__, engine.url)
        raise HistoryError(f"{shown_address(engine.url)}: {said}") from error


def current_revision(connection: Connection) -> str | None:
    """Return the form that a database has, None of one that is empty."""
    if not inspect(connection).has_table(_VERSIONS):
        return None
    return connection.execute(text(f"SELECT version_num FROM {_VERSIONS}")).scalar()  # noqa: S608 - our own constant


def upgrade(engine: Engine, *, target: str = HEAD) -> bool:
    """Bring a database to the form that this version writes; return whether there was anything to do.

    Raises
    ------
    HistoryError
        if a newer version has written it, or it cannot be changed
    """
    with reading(engine) as connection:
        if current_revision(connection) == target:
            return False
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - takes time to load, and is rarely needed

    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        return _upgrade(MigrationContext.configure(connection), target)


def _upgrade(context: Any, target: str) -> bool:  # noqa: ANN401 - see above: its type is loaded where it is needed
    from alembic.operations import Operations  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415
    from alembic.script.revision import RevisionError  # noqa: PLC0415

    here = Path(__file__).parent
    scripts = ScriptDirectory(str(here), version_locations=[str(here / "revisions")])
    current = context.get_current_revision()
    if current == target:  # somebody was quicker
        return False
    try:
        steps = [*reversed([*scripts.iterate_revisions(target, current or "base")])]
    except RevisionError:  # a revision that only a newer version knows
        steps = []
    if not steps:
        raise HistoryError(f"the database has form {current}, and this version of the rig reads {target}")
    with Operations.context(context):
        for step in steps:
            step.module.upgrade()
    context.stamp(scripts, target)
    return True
