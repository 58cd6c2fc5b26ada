"""Virtual benches drawn at random, what the rig measures on them, and what was truly there.

Everything that a bench's files state is drawn: half-widths and noise of the instruments, resistors and their
uncertainties, ranges, sample rates, and the stimulus with its device. The virtual bench then draws its true errors from
what was stated, and the rig computes its uncertainties from the same statements, so that the two can be compared.
No sockets: the world, its front ends and the rig's own correction and analysis, in one process.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from benchmarks.random_benches.form_trial import form_trial
from benchmarks.random_benches.forms import FORMS
from benchmarks.random_benches.load_form import load_trial
from benchmarks.random_benches.result import Trial
from benchmarks.random_benches.train_trial import train_trial
from benchmarks.random_benches.trains import TRAINS

__all__ = ["SHAPES", "Trial", "trial"]

SHAPES: Mapping[str, str] = (
    {name: shape.title for name, shape in TRAINS.items()}
    | {name: title for name, (title, _drawn) in FORMS.items()}
    | {"load": "biphasic symmetric, voltage and current together"}
)
"""What is drawn, by name, and in words. New ones come last: a shape's place is part of its benches' seed."""


def trial(shape: str, number: int, *, seed: int) -> Trial:
    """Draw one bench, take a zero and a signal on it, measure, and say what was truly there."""
    rng = np.random.default_rng([seed, list(SHAPES).index(shape), number])
    if shape in TRAINS:
        return train_trial(TRAINS[shape], rng)
    return form_trial(FORMS[shape][1], rng) if shape in FORMS else load_trial(rng)
