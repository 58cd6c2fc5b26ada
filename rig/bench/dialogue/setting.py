"""A stimulus as a described device can be set to it: on its steps, in its words; or refused with its limits."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

from rig.bench.dialogue.entries import exact, shown
from rig.bench.dialogue.template import NUMBERS
from rig.errors import Refused
from rig.model.stimulus import Shape, Stimulus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.bench.dialogue.entries import Settings, Span

__all__ = ["Values", "realise", "values_of"]

Values = dict[str, "Decimal | str"]

# A quotient of two written numbers is meant exactly, and is not stored so.
_SLACK = Decimal("1e-9")


def values_of(stimulus: Stimulus, settings: Settings) -> Values:
    """Return what stands in the place of every placeholder, rounded to the device's steps, in SI.

    Raises
    ------
    Refused
        for what the device cannot be set to, with what it can
    """
    numbers = (stimulus.amplitude, stimulus.phase_duration, stimulus.interphase, stimulus.rate, stimulus.train)
    if not all(math.isfinite(number) for number in numbers) or stimulus.rate <= 0 or stimulus.train <= 0:
        raise Refused("a stimulus needs finite values, and a rate and a train above zero")
    if stimulus.amplitude < 0:
        raise Refused("an amplitude is not negative; the polarity says which way current flows")
    values: Values = {
        "channel": _word("channel", str(stimulus.channel), settings.channel),
        "shape": _word("shape", stimulus.shape.value, settings.shape),
        "polarity": _word("polarity", stimulus.polarity.value, settings.polarity),
        "amplitude": _on_step("amplitude", exact(stimulus.amplitude), settings.amplitude),
        "phase_duration": _on_step("phase_duration", exact(stimulus.phase_duration), settings.phase_duration),
        "interphase": _interphase(stimulus, settings),
    }
    values["rate"], values["period"] = _rate_and_period(stimulus, settings)
    values["signed_amplitude"] = _number(values, "amplitude") * stimulus.polarity.sign
    gap = Decimal(0) if stimulus.shape is Shape.MONOPHASIC else _number(values, "interphase")
    values["pulse_width"] = _number(values, "phase_duration") * stimulus.shape.phases + gap
    if _number(values, "pulse_width") >= _number(values, "period"):
        told = shown(_number(values, "pulse_width"), NUMBERS["pulse_width"])
        raise Refused(f"pulses of {told} do not fit a rate of {shown(_number(values, 'rate'), NUMBERS['rate'])}")
    if settings.train is not None:
        values["train"] = _on_step("train", exact(stimulus.train), settings.train)
    if settings.pulses is not None:
        number = (exact(stimulus.train) * _number(values, "rate")).to_integral_value()
        values["pulses"] = _on_step("pulses", number, settings.pulses)
    return values


def realise(stimulus: Stimulus, values: Mapping[str, Decimal | str]) -> Stimulus:
    """Return the stimulus that these values set."""
    train = stimulus.train
    if "train" in values:
        train = float(_number(values, "train"))
    if "pulses" in values:
        train = float(_number(values, "pulses") / _number(values, "rate"))
    return replace(
        stimulus,
        amplitude=float(_number(values, "amplitude")),
        phase_duration=float(_number(values, "phase_duration")),
        interphase=0.0 if stimulus.shape is Shape.MONOPHASIC else float(_number(values, "interphase")),
        rate=float(_number(values, "rate")),
        train=train,
    )


def _number(values: Mapping[str, Decimal | str], name: str) -> Decimal:
    return Decimal(values[name])


def _word(name: str, asked: str, words: Mapping[Any, str]) -> str:
    found = {str(key): word for key, word in words.items()}.get(asked)
    if found is None:
        offered = ", ".join(str(key) for key in words)
        raise Refused(f"the stimulator has no {name} {asked}; it has {offered}")
    return found


def _interphase(stimulus: Stimulus, settings: Settings) -> Decimal:
    if stimulus.shape is Shape.MONOPHASIC:  # the device may want to hear of one all the same
        return Decimal(0) if settings.interphase is None else exact(settings.interphase.least)
    if settings.interphase is not None:
        return _on_step("interphase", exact(stimulus.interphase), settings.interphase)
    if stimulus.interphase:
        raise Refused("the stimulator has no interphase interval that can be set; it must be 0 s")
    return Decimal(0)


def _rate_and_period(stimulus: Stimulus, settings: Settings) -> tuple[Decimal, Decimal]:
    """Return both; one of them is on the device's steps."""
    with localcontext() as context:
        context.prec = 40
        if settings.rate is not None:
            rate = _on_step("rate", exact(stimulus.rate), settings.rate)
            return rate, 1 / rate
        period = _on_step("period", 1 / exact(stimulus.rate), settings.period or settings.phase_duration)
        return 1 / period, period


def _on_step(name: str, asked: Decimal, span: Span) -> Decimal:
    """Return the nearest value that can be set."""
    least, most, unit = exact(span.least), exact(span.most), NUMBERS[name]
    slack = _SLACK * most
    if not least - slack <= asked <= most + slack:
        limits = shown(least, unit) if least == most else f"{shown(least, unit)} to {shown(most, unit)}"
        raise Refused(f"the stimulator's {_spoken(name)} is {limits}; {shown(asked, unit)} cannot be set")
    if span.step is None:
        return least
    step = exact(span.step)
    found = least + ((asked - least) / step).to_integral_value() * step
    if not found and asked:
        raise Refused(f"the stimulator's smallest {_spoken(name)} is {shown(step, unit)}; {shown(asked, unit)} is less")
    return found


def _spoken(name: str) -> str:
    return name.replace("_", " ")
