"""The tables of the results database; what a column means is said where its row is, in :mod:`rig.history.results`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
)

from rig.history.columns import Moment, Names, Said, Texts, Words

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

__all__ = ["METADATA", "cases", "instruments", "judgements", "loads", "measurements", "packs", "plans", "runs"]

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _known(name: str, kind: TypeEngine[Any] | type[TypeEngine[Any]]) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _maybe(name: str, kind: TypeEngine[Any] | type[TypeEngine[Any]]) -> Column[Any]:
    return Column(name, kind, nullable=True)


def _of_run() -> tuple[Column[Any], Column[Any]]:
    """Return the key of what a run has several of."""
    run = Column("run_id", String, ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True)
    return run, Column("position", Integer, primary_key=True, autoincrement=False)


def _of_case() -> tuple[Column[Any] | ForeignKeyConstraint, ...]:
    """Return the key of what a case has several of."""
    return (
        Column("run_id", String, primary_key=True),
        Column("case_position", Integer, primary_key=True, autoincrement=False),
        Column("position", Integer, primary_key=True, autoincrement=False),
        ForeignKeyConstraint(["run_id", "case_position"], ["cases.run_id", "cases.position"], ondelete="CASCADE"),
    )


runs = Table(
    "runs",
    METADATA,
    Column("run_id", String, primary_key=True),
    _known("manifest_sha256", String),
    _known("bundle", Words),
    _known("started", Moment),
    _maybe("finished", Moment),
    _known("end_reason", String),
    _known("verdict", Said),
    _known("engineering_only", Texts),
    _known("notes", Texts),
    _known("operator", Words),
    _known("signed_by", String),
    _known("not_selected", Integer),
    _known("bench", Words),
    _known("virtual", Boolean),
    _known("device_manufacturer", Words),
    _known("device_model", Words),
    _known("device_serial", Words),
    _known("device_firmware", Words),
    _known("software_version", String),
    _known("software_commit", String),
    _known("software_modified", Boolean),
    _known("python", String),
    _known("platform", String),
    _known("packages", Names),
    _maybe("temperature", Double),
    _maybe("temperature_uncertainty", Double),
    _maybe("humidity", Double),
    _maybe("humidity_uncertainty", Double),
    _known("deviations", Texts),
    Index(None, "started"),
    Index(None, "device_serial"),
)
plans = Table(
    "plans",
    METADATA,
    *_of_run(),
    _known("id", Words),
    _known("title", Words),
    _known("revision", Words),
    _known("sha256", String),
    _known("decision_rule", String),
)
packs = Table(
    "packs",
    METADATA,
    *_of_run(),
    _known("id", Words),
    _known("title", Words),
    _known("edition", Words),
    _known("sha256", String),
)
instruments = Table(
    "instruments",
    METADATA,
    *_of_run(),
    _known("name", Words),
    _known("role", String),
    _known("driver", Words),
    _known("address", Words),
    _known("manufacturer", Words),
    _known("model", Words),
    _known("serial", Words),
    _known("firmware", Words),
    _maybe("certificate", Words),
    _maybe("calibrated", Date),
    _maybe("due", Date),
    _maybe("expired", Boolean),
)
loads = Table(
    "loads",
    METADATA,
    *_of_run(),
    _known("name", Words),
    _maybe("nominal", Double),
    _maybe("resistance", Double),
    _known("uncertainty", Double),
    _maybe("certificate", Words),
    _maybe("due", Date),
)
cases = Table(
    "cases",
    METADATA,
    *_of_run(),
    _known("plan", Words),
    _known("id", Words),
    _known("title", Words),
    _known("traces", Texts),
    _known("attempt", Integer),
    _known("retried", Boolean),
    _known("verdict", Said),
    _known("reason", Words),
    _known("decision_rule", String),
    _maybe("started", Moment),
    _maybe("duration", Double),
    _known("load", Words),
    _maybe("load_resistance", Double),
    _known("channel", Integer),
    _known("shape", String),
    _known("amplitude", Double),
    _known("phase_duration", Double),
    _known("interphase", Double),
    _known("rate", Double),
    _known("train", Double),
    _known("polarity", String),
    _known("error_type", String),
    _known("error_message", Words),
    _known("mode", Words),
)
measurements = Table(
    "measurements",
    METADATA,
    *_of_case(),
    _known("measurand", String),
    _known("during", Words),
    _known("instrument", Words),
    _maybe("unit", String),
    _maybe("value", Double),
    _known("n", Integer),
    _maybe("minimum", Double),
    _maybe("maximum", Double),
    _maybe("std", Double),
    _maybe("expanded_uncertainty", Double),
    _maybe("expanded_single", Double),
    _known("coverage_factor", Double),
    _known("reason", Words),
    Index(None, "measurand"),
)
judgements = Table(
    "judgements",
    METADATA,
    *_of_case(),
    _known("measurand", String),
    _known("during", Words),
    _known("unit", String),
    _maybe("lower", Double),
    _maybe("upper", Double),
    _known("lower_closed", Boolean),
    _known("upper_closed", Boolean),
    _known("text", Words),
    _known("source", Words),
    _known("clause", Words),
    _known("edition", Words),
    _known("statistic", String),
    _known("rule", String),
    _known("verdict", Said),
    _known("reason", Words),
    _maybe("value", Double),
    _maybe("expanded_uncertainty", Double),
    _maybe("margin", Double),
    _maybe("probability_conforming", Double),
    Index(None, "measurand"),
)
