"""The surroundings of a run and what was done otherwise than planned, as people stated it; a case's output mode."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Double, Text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what runs of before never said."""
    for name in ("temperature", "temperature_uncertainty", "humidity", "humidity_uncertainty"):
        op.add_column("runs", Column(name, Double()))
    op.add_column("runs", Column("deviations", Text(), nullable=False, server_default="[]"))
    op.add_column("cases", Column("mode", Text(), nullable=False, server_default=""))
