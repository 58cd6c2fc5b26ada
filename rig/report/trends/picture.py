"""A page of charts as SVG or PNG: colours that also differ in form, so that print and every eye can tell them apart."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, Literal

from rig.report.axis import fitting_unit
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["AMBER", "BLUE", "FAINT", "GREEN", "INK", "RED", "Form", "canvas", "name_levels", "save", "scale_of"]

INK: Final = "#20262d"
FAINT: Final = "#6b747e"
BLUE: Final = "#0b3c6f"
GREEN: Final = "#2f7d55"
AMBER: Final = "#7a4a00"
RED: Final = "#b3261e"

Form = Literal["svg", "png"]

_BARE = {Unit.ONE: "", Unit.COUNT: "", Unit.NUMBER: ""}
_APART = 0.062  # of the height of the axes: names of levels do not touch


@contextmanager
def canvas(width: float, height: float) -> Iterator[Figure]:
    """Yield an empty figure of so many inches, in the report's own letters and colours."""
    # matplotlib takes most of a second to import, and few commands draw.
    from matplotlib import rc_context  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    settings: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": "rig",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans", "Segoe UI", "Helvetica Neue", "Arial"],
        "font.size": 9,
        "axes.edgecolor": FAINT,
        "axes.linewidth": 0.8,
        "text.color": INK,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.formatter.useoffset": False,
        "text.parse_math": False,
    }
    with rc_context(settings):
        yield Figure(figsize=(width, height), dpi=100, layout="constrained")


def save(figure: Figure, form: Form) -> bytes:
    """Return a figure as a file; the same figure is the same file."""
    picture = BytesIO()
    known = {"Software": None} if form == "png" else {"Date": None, "Creator": None}
    with warnings.catch_warnings():
        # A name may have letters that no font here has; an SVG's reader may have it.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        figure.savefig(picture, format=form, dpi=150, metadata=known, facecolor="white")
    return picture.getvalue()


def scale_of(extent: float, unit: Unit) -> tuple[str, float]:
    """Return the prefixed unit in which ``extent`` reads well and how much of the unit it is; empty where it has none.

    >>> scale_of(0.02, Unit.AMPERE)
    ('mA', 0.001)
    """
    if unit in _BARE:
        return "", 1.0
    symbol, factor = fitting_unit(abs(extent), unit.value)
    return symbol.replace("ohm", "Ω").replace("m2", "m²"), factor


def name_levels(axes: Axes, levels: Sequence[tuple[float, str, str]]) -> None:
    """Write name and colour of each level beside the right edge, moved apart where they would touch."""
    low, high = axes.get_ylim()
    places: list[float] = []
    for level, text, colour in sorted(levels):
        wanted = min(max((level - low) / (high - low), 0.02), 0.98)
        place = max(wanted, places[-1] + _APART) if places else wanted
        places.append(place)
        axes.annotate(
            text, xy=(1.0, min(max((level - low) / (high - low), 0.0), 1.0)), xycoords="axes fraction",
            xytext=(1.02, place), textcoords="axes fraction", va="center", color=colour, fontsize=8,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
