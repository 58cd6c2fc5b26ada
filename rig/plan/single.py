"""One stimulus and one limit made in Python, with the words and the rules of a plan."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import ValidationError

from rig.errors import Refused, UnitError
from rig.model.stimulus import Shape
from rig.plan.bounds import Check
from rig.plan.coherence import NO_INTERPHASE, impossible
from rig.plan.expand import merged_stimulus, missing_keys, stimulus_of
from rig.plan.limits import resolve_limit
from rig.plan.schema import FOREVER, StimulusPart
from rig.plan.terms import load_resistance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.model.limit import Limit
    from rig.model.stimulus import Stimulus

__all__ = ["single_limit", "single_stimulus"]


def single_stimulus(settings: Mapping[str, str | int]) -> Stimulus:
    """Read a stimulus as a plan's ``stimulus`` would be read.

    Raises
    ------
    Refused
        with everything that is wrong or missing.
    """
    try:
        part = StimulusPart.model_validate_json(json.dumps(dict(settings)))
    except ValidationError as error:
        raise Refused(_told(error)) from None
    merged = merged_stimulus(part, swept={})
    if missing := missing_keys(merged):
        raise Refused(f"the stimulus lacks {', '.join(missing)}")
    if merged["train"] == FOREVER:
        raise Refused("train: a test in Python says how long")
    stimulus = stimulus_of(merged, None)
    wrong = [f"{key}: {message}" for key, message in impossible(stimulus)]
    if stimulus.shape is Shape.MONOPHASIC and "interphase" in settings:
        wrong.append(f"interphase: {NO_INTERPHASE}")
    if wrong:
        raise Refused("; ".join(wrong))
    return stimulus


def single_limit(measurand: str, form: Mapping[str, str], *, stimulus: Stimulus, load: str, source: str) -> Limit:
    """Read a limit as a line of a plan's ``verify`` would be read; ``of set`` refers to ``stimulus`` and ``load``.

    Raises
    ------
    Refused
        with what is wrong.
    """
    try:
        ohms = load_resistance(load)
        check = Check.model_validate_json(json.dumps({measurand: dict(form)}))
        return resolve_limit(measurand, check.bound, stimulus=stimulus, load=ohms, source=source)
    except ValidationError as error:
        raise Refused(_told(error)) from None
    except UnitError as error:
        raise Refused(f"{measurand}: {error}") from None


def _told(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
