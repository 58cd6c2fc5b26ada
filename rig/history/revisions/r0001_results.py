"""Runs, what they were made with, their cases, what was measured in them and what was judged."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Boolean, Column, Date, DateTime, Double, ForeignKeyConstraint, Integer, String, Text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "runs",
        Column("run_id", String(), primary_key=True),
        Column("manifest_sha256", String(), nullable=False),
        Column("bundle", Text(), nullable=False),
        Column("started", MOMENT, nullable=False),
        Column("finished", MOMENT),
        Column("end_reason", String(), nullable=False),
        Column("verdict", Text(), nullable=False),
        Column("engineering_only", Text(), nullable=False),
        Column("notes", Text(), nullable=False),
        Column("operator", Text(), nullable=False),
        Column("signed_by", String(), nullable=False),
        Column("not_selected", Integer(), nullable=False),
        Column("bench", Text(), nullable=False),
        Column("virtual", Boolean(), nullable=False),
        Column("device_manufacturer", Text(), nullable=False),
        Column("device_model", Text(), nullable=False),
        Column("device_serial", Text(), nullable=False),
        Column("device_firmware", Text(), nullable=False),
        Column("software_version", String(), nullable=False),
        Column("software_commit", String(), nullable=False),
        Column("software_modified", Boolean(), nullable=False),
        Column("python", String(), nullable=False),
        Column("platform", String(), nullable=False),
        Column("packages", Text(), nullable=False),
    )
    op.create_index("ix_runs_device_serial", "runs", ["device_serial"])
    op.create_index("ix_runs_started", "runs", ["started"])
    op.create_table(
        "cases",
        Column("run_id", String(), primary_key=True),
        Column("position", Integer(), primary_key=True, autoincrement=False),
        Column("plan", Text(), nullable=False),
        Column("id", Text(), nullable=False),
        Column("title", Text(), nullable=False),
        Column("traces", Text(), nullable=False),
        Column("attempt", Integer(), nullable=False),
        Column("retried", Boolean(), nullable=False),
        Column("verdict", Text(), nullable=False),
        Column("reason", Text(), nullable=False),
        Column("decision_rule", String(), nullable=False),
        Column("started", MOMENT),
        Column("duration", Double()),
        Column("load", Text(), nullable=False),
        Column("load_resistance", Double()),
        Column("channel", Integer(), nullable=False),
        Column("shape", String(), nullable=False),
        Column("amplitude", Double(), nullable=False),
        Column("phase_duration", Double(), nullable=False),
        Column("interphase", Double(), nullable=False),
        Column("rate", Double(), nullable=False),
        Column("train", Double(), nullable=False),
        Column("polarity", String(), nullable=False),
        Column("error_type", String(), nullable=False),
        Column("error_message", Text(), nullable=False),
        ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_cases_runs", ondelete="CASCADE"),
    )
    op.create_table(
        "instruments",
        Column("run_id", String(), primary_key=True),
        Column("position", Integer(), primary_key=True, autoincrement=False),
        Column("name", Text(), nullable=False),
        Column("role", String(), nullable=False),
        Column("driver", Text(), nullable=False),
        Column("address", Text(), nullable=False),
        Column("manufacturer", Text(), nullable=False),
        Column("model", Text(), nullable=False),
        Column("serial", Text(), nullable=False),
        Column("firmware", Text(), nullable=False),
        Column("certificate", Text()),
        Column("calibrated", Date()),
        Column("due", Date()),
        Column("expired", Boolean()),
        ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_instruments_runs", ondelete="CASCADE"),
    )
    op.create_table(
        "loads",
        Column("run_id", String(), primary_key=True),
        Column("position", Integer(), primary_key=True, autoincrement=False),
        Column("name", Text(), nullable=False),
        Column("nominal", Double()),
        Column("resistance", Double()),
        Column("uncertainty", Double(), nullable=False),
        Column("certificate", Text()),
        Column("due", Date()),
        ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_loads_runs", ondelete="CASCADE"),
    )
    op.create_table(
        "packs",
        Column("run_id", String(), primary_key=True),
        Column("position", Integer(), primary_key=True, autoincrement=False),
        Column("id", Text(), nullable=False),
        Column("title", Text(), nullable=False),
        Column("edition", Text(), nullable=False),
        Column("sha256", String(), nullable=False),
        ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_packs_runs", ondelete="CASCADE"),
    )
    op.create_table(
        "plans",
        Column("run_id", String(), primary_key=True),
        Column("position", Integer(), primary_key=True, autoincrement=False),
        Column("id", Text(), nullable=False),
        Column("title", Text(), nullable=False),
        Column("revision", Text(), nullable=False),
        Column("sha256", String(), nullable=False),
        Column("decision_rule", String(), nullable=False),
        ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_plans_runs", ondelete="CASCADE"),
    )
    op.create_table(
        "judgements",
        Column("run_id", String(), primary_key=True),
        Column("case_position", Integer(), primary_key=True, autoincrement=False),
        Column("position", Integer(), primary_key=True, autoincrement=False),
        Column("measurand", String(), nullable=False),
        Column("during", Text(), nullable=False),
        Column("unit", String(), nullable=False),
        Column("lower", Double()),
        Column("upper", Double()),
        Column("lower_closed", Boolean(), nullable=False),
        Column("upper_closed", Boolean(), nullable=False),
        Column("text", Text(), nullable=False),
        Column("source", Text(), nullable=False),
        Column("clause", Text(), nullable=False),
        Column("edition", Text(), nullable=False),
        Column("statistic", String(), nullable=False),
        Column("rule", String(), nullable=False),
        Column("verdict", Text(), nullable=False),
        Column("reason", Text(), nullable=False),
        Column("value", Double()),
        Column("expanded_uncertainty", Double()),
        Column("margin", Double()),
        Column("probability_conforming", Double()),
        ForeignKeyConstraint(
            ["run_id", "case_position"],
            ["cases.run_id", "cases.position"],
            name="fk_judgements_cases",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_judgements_measurand", "judgements", ["measurand"])
    op.create_table(
        "measurements",
        Column("run_id", String(), primary_key=True),
        Column("case_position", Integer(), primary_key=True, autoincrement=False),
        Column("position", Integer(), primary_key=True, autoincrement=False),
        Column("measurand", String(), nullable=False),
        Column("during", Text(), nullable=False),
        Column("instrument", Text(), nullable=False),
        Column("unit", String()),
        Column("value", Double()),
        Column("n", Integer(), nullable=False),
        Column("minimum", Double()),
        Column("maximum", Double()),
        Column("std", Double()),
        Column("expanded_uncertainty", Double()),
        Column("expanded_single", Double()),
        Column("coverage_factor", Double(), nullable=False),
        Column("reason", Text(), nullable=False),
        ForeignKeyConstraint(
            ["run_id", "case_position"],
            ["cases.run_id", "cases.position"],
            name="fk_measurements_cases",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_measurements_measurand", "measurements", ["measurand"])
