"""The matrix as one HTML file, in the report's own style: no request leaves it, and no text is taken for markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from rig.report import wording
from rig.report.render import css_text, page_environment

if TYPE_CHECKING:
    from rig.report.matrix.view import MatrixView

__all__ = ["render_matrix_html"]


def render_matrix_html(matrix: MatrixView) -> str:
    """Return the matrix as one self-contained HTML page without any script."""
    return (
        page_environment()
        .get_template("matrix.html.j2")
        .render(
            matrix=matrix,
            running=(),
            running_hash="",
            running_name="Traceability matrix,",
            running_id=Markup(css_text(matrix.made)),  # noqa: S704 - every letter but a-z is a code point there
            missing=wording.MISSING,
        )
    )
