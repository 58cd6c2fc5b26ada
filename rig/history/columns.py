"""How values lie in a column, the same in SQLite and in PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import DateTime, Text, TypeDecorator

from rig.model.verdict import Verdict

if TYPE_CHECKING:
    from sqlalchemy import Dialect
    from sqlalchemy.types import TypeEngine

    _Kind = TypeEngine[Any] | type[TypeEngine[Any]]

__all__ = ["Moment", "Names", "Said", "Texts", "Words"]


class Moment(TypeDecorator[datetime]):
    """A moment; SQLite knows no time zones, so there it is UTC without saying so."""

    impl: _Kind = DateTime(timezone=True)
    cache_ok: bool | None = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Write UTC."""
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Read UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text; PostgreSQL keeps neither a NUL character nor half of a surrogate pair, so their pictures stand for them."""

    impl: _Kind = Text
    cache_ok: bool | None = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the same in all
        """Write text that every database keeps."""
        if value is None:
            return None
        return value.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\N{SYMBOL FOR NULL}")


class Texts(TypeDecorator[tuple[str, ...]]):
    """Several texts, as a JSON list."""

    impl: _Kind = Text
    cache_ok: bool | None = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - as above
        """Write JSON."""
        return None if value is None else json.dumps(list(value))

    def process_result_value(self, value: Any | None, dialect: Dialect) -> tuple[str, ...] | None:  # noqa: ANN401, ARG002 - as the library has it
        """Read JSON."""
        return None if value is None else tuple(json.loads(value))


class Names(TypeDecorator[dict[str, str]]):
    """Texts by name, as a JSON object."""

    impl: _Kind = Text
    cache_ok: bool | None = True

    def process_bind_param(self, value: dict[str, str] | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - as above
        """Write JSON."""
        return None if value is None else json.dumps(dict(value), sort_keys=True)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> dict[str, str] | None:  # noqa: ANN401, ARG002 - as above
        """Read JSON."""
        return None if value is None else cast("dict[str, str]", json.loads(value))


class Said(TypeDecorator[Verdict]):
    """A verdict, by its word."""

    impl: _Kind = Text
    cache_ok: bool | None = True

    def process_bind_param(self, value: Verdict | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - as above
        """Write the word."""
        return None if value is None else value.value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Verdict | None:  # noqa: ANN401, ARG002 - as above
        """Read the word."""
        return None if value is None else Verdict(value)
