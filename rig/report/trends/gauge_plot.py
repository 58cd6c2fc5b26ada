"""A gauge R&R study as a picture: what the spread is made of, and what each appraiser saw of each part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rig.history.statistics.gauge import GaugeStudy
from rig.report import wording
from rig.report.trends.gauge import verdict_of
from rig.report.trends.picture import AMBER, BLUE, FAINT, GREEN, INK, RED, canvas, save, scale_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from rig.history.studies.gauge import Study
    from rig.report.trends.picture import Form

__all__ = ["draw_gauge"]

_BARS = {
    "gauge": "gauge R&R",
    "repeatability": "repeat-\nability",
    "reproducibility": "reproduci-\nbility",
    "part": "part to\npart",
}
_STYLES = (
    ("o", BLUE, "-"),
    ("s", AMBER, "--"),
    ("^", GREEN, ":"),
    ("D", RED, "-."),
    ("v", INK, "-"),
    ("P", FAINT, "--"),
)
_NAMES = 24
_CROWDED = 12


def draw_gauge(studies: Sequence[Study], measurand: str, form: Form) -> bytes:
    """Return a picture of every study that has a result."""
    drawn = [study for study in studies if isinstance(study.result, GaugeStudy)]
    with canvas(10.4, 4.0 * len(drawn)) as figure:
        rows = figure.subfigures(len(drawn), 1, squeeze=False)[:, 0]
        for row, study in zip(rows, drawn, strict=True):
            row.suptitle(f"{wording.visible(study.name)[:90]}: {verdict_of(study)}", x=0.02, ha="left", fontsize=9.5)
            bars, parts = row.subplots(1, 2, width_ratios=(1, 1.9))
            _components(bars, study)
            _by_part(parts, study, measurand)
        return save(figure, form)


def _components(axes: Axes, study: Study) -> None:
    result = study.result
    if not isinstance(result, GaugeStudy):
        return
    kinds: list[tuple[str, str, str, list[float]]] = []
    chosen = [result.component(name) for name in _BARS]
    kinds.append(("% study variation", BLUE, "", [100 * one.study for one in chosen]))
    if study.tolerance is not None:
        kinds.append(("% tolerance", "#b8c4d0", "///", [100 * (one.tolerance or 0.0) for one in chosen]))
    width = 0.8 / len(kinds)
    for number, (name, colour, hatch, heights) in enumerate(kinds):
        places = np.arange(len(chosen)) + (number - (len(kinds) - 1) / 2) * width
        drawn = axes.bar(
            places, heights, width=0.92 * width, color=colour, hatch=hatch, edgecolor=INK, linewidth=0.6, label=name
        )
        axes.bar_label(drawn, fmt=lambda value: f"{value:.3g}", fontsize=7.5, padding=1)
    axes.axhline(30, color=RED, linewidth=1.0, linestyle=(0, (5, 3)), label="30 %: not acceptable above")
    axes.set_xticks(range(len(chosen)), list(_BARS.values()), fontsize=8)
    axes.set_ylabel("%")
    axes.margins(y=0.16)
    axes.legend(loc="upper left", fontsize=7.5, frameon=False, bbox_to_anchor=(-0.02, 1.0))
    top = axes.get_ylim()[1]
    axes.set_ylim(0, top * 1.25)


def _by_part(axes: Axes, study: Study, measurand: str) -> None:
    values = study.values
    symbol, factor = scale_of(float(np.abs(values).max()), study.unit)
    places = np.arange(len(study.parts))
    shift = 0.5 / len(study.appraisers)
    for number, appraiser in enumerate(study.appraisers):
        marker, colour, line = _STYLES[number % len(_STYLES)]
        at = places + (number - (len(study.appraisers) - 1) / 2) * shift
        seen = values[:, number, :] / factor
        axes.plot(
            at, seen.mean(axis=1), marker=marker, color=colour, linestyle=line, linewidth=0.8, markersize=5,
            label=wording.visible(appraiser)[:_NAMES],
        )  # fmt: skip
        axes.plot(
            np.repeat(at, seen.shape[1]), seen.ravel(), linestyle="none", marker=marker, markersize=2.6, color=colour,
            markerfacecolor="none", markeredgewidth=0.6,
        )  # fmt: skip
    axes.set_xticks(places, [wording.visible(part)[:_NAMES] for part in study.parts], fontsize=7.5)
    if len(study.parts) > _CROWDED or max(map(len, study.parts)) * len(study.parts) > 90:  # noqa: PLR2004 - letters
        axes.tick_params(axis="x", labelrotation=60)
    axes.set_ylabel(f"{wording.words(measurand)}{f' / {symbol}' if symbol else ''}")
    axes.grid(visible=True, linewidth=0.4, color="#e3e6ea")
    axes.set_axisbelow(True)
    axes.legend(
        title="filled: mean, hollow: each value", title_fontsize=7.5, fontsize=8, frameon=False, ncols=3,
        loc="lower left", bbox_to_anchor=(-0.01, 1.0), borderaxespad=0.1, alignment="left",
    )  # fmt: skip
