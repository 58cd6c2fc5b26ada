"""Whether a dialogue hangs together: every mistake that no single value shows, with the place to blame."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rig.bench.dialogue.entries import exact
from rig.bench.dialogue.pattern import Pattern
from rig.bench.dialogue.template import NUMBERS, WORDS, Template, TemplateError, unit_of
from rig.model.stimulus import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.bench.dialogue.entries import Command, DialogueFile
    from rig.bench.dialogue.template import Placeholder

__all__ = ["IDENTITY", "STATUS", "what_does_not_fit"]

IDENTITY = ("manufacturer", "model", "serial", "firmware")
STATUS = "status"
READABLE = tuple(name for name in NUMBERS if name not in {"signed_amplitude", "pulse_width"})
_SETTING = ("prepare", "start")
_BEFORE_ANYTHING_IS_SET = ("identify", "stop", "reset")

Place = tuple[str | int, ...]


def what_does_not_fit(dialogue: DialogueFile) -> Iterator[tuple[Place, str]]:
    """Yield every mistake, each with the key to blame."""
    yield from _sequences(dialogue)
    for name, command in dialogue.commands.items():
        yield from _placeholders(("commands", name, "send"), command, dialogue)
        yield from _groups(("commands", name), command, dialogue)
    yield from _what_is_never_said(dialogue)
    yield from _identity(dialogue)
    yield from _errors(dialogue)


def _sequences(dialogue: DialogueFile) -> Iterator[tuple[Place, str]]:
    used = set()
    for sequence, names in dialogue.sequences.named().items():
        for index, name in enumerate(names):
            used.add(name)
            if name not in dialogue.commands:
                yield ("sequences", sequence, index), _unknown(name, dialogue)
            elif sequence in _BEFORE_ANYTHING_IS_SET and Template(dialogue.commands[name].send).placeholders:
                say = f"{sequence!r} must be possible before anything is set; {name!r} has a placeholder"
                yield ("sequences", sequence, index), say
    if dialogue.keep_alive is not None:
        used.add(dialogue.keep_alive.command)
        if dialogue.keep_alive.command not in dialogue.commands:
            yield ("keep_alive", "command"), _unknown(dialogue.keep_alive.command, dialogue)
    yield from (
        (("commands", name), "this command is in no sequence") for name in dialogue.commands if name not in used
    )
    stops = [dialogue.commands[name] for name in dialogue.sequences.stop if name in dialogue.commands]
    if stops and not any(command.replies for command in stops):
        yield (
            ("sequences", "stop"),
            "none of these commands is answered: nobody would know whether the device has heard",
        )


def _unknown(name: str, dialogue: DialogueFile) -> str:
    return f"there is no command {name!r}; there are {', '.join(dialogue.commands)}"


def _placeholders(at: Place, command: Command, dialogue: DialogueFile) -> Iterator[tuple[Place, str]]:
    for placeholder in Template(command.send).placeholders:
        if placeholder.name not in WORDS:
            yield from ((at, say) for say in _number(placeholder, dialogue))


def _number(placeholder: Placeholder, dialogue: DialogueFile) -> Iterator[str]:
    """Tell of a number that the settings do not know, or that could not be sent as exactly as it is set."""
    for name in _made_of(placeholder.name):
        span = dialogue.settings.span(name)
        if span is None:
            if name != "interphase" or placeholder.name == name:
                yield f"{{{placeholder.name}}} is nothing that 'settings' says: it has no {name!r}"
            continue
        for what in ("least", "step"):
            value = getattr(span, what)
            scaled = None if value is None else exact(value) / placeholder.unit
            if scaled is not None and round(scaled, placeholder.decimals) != scaled:
                told = f"{name}'s {what!r} is {scaled:f} of its unit"
                yield f"{{{placeholder.name}}} is sent with too few decimals: {told}"


def _made_of(name: str) -> tuple[str, ...]:
    return {"signed_amplitude": ("amplitude",), "pulse_width": ("phase_duration", "interphase")}.get(name, (name,))


def _groups(at: Place, command: Command, dialogue: DialogueFile) -> Iterator[tuple[Place, str]]:
    groups = [group for reply in command.replies for group in Pattern(reply).groups]
    for group in groups:
        say = _wrong_with(group, groups, command, dialogue)
        if say:
            yield (*at, "reply"), say
    for name, unit in command.reads.items():
        if name not in groups or name not in READABLE:
            yield (*at, "reads", name), f"the reply has no group {name!r} that is a number"
            continue
        try:
            unit_of(name, unit)
        except TemplateError as error:
            yield (*at, "reads", name), str(error)


def _wrong_with(group: str, groups: list[str], command: Command, dialogue: DialogueFile) -> str:
    """Return what is wrong with a group of a reply; empty if nothing is."""
    if groups.count(group) > 1:
        return f"two lines of the reply have a group {group!r}"
    if group in READABLE:
        if dialogue.settings.span(group) is None:
            return f"the group {group!r} is nothing that 'settings' says"
        return "" if group in command.reads else f"in which unit is the group {group!r}? Say it under 'reads'"
    if group == STATUS:
        return "" if dialogue.states else "what a 'status' means has to be said under 'states'"
    known = (*IDENTITY, STATUS, *WORDS, *READABLE)
    return "" if group in known else f"a group {group!r} means nothing; there are {', '.join(known)}"


def _what_is_never_said(dialogue: DialogueFile) -> Iterator[tuple[Place, str]]:
    """Tell of what has more than one value and is never sent: the device could not know which is meant."""
    settings = dialogue.settings
    names = [name for sequence in _SETTING for name in dialogue.sequences.named()[sequence]]
    sent = {
        part
        for name in names
        if name in dialogue.commands
        for placeholder in Template(dialogue.commands[name].send).placeholders
        for part in _said_by(placeholder.name)
    }
    words = [name for name in WORDS if len(getattr(settings, name)) > 1]
    numbers = [name for name in NUMBERS if (span := settings.span(name)) is not None and span.least != span.most]
    for name in (*words, *numbers):
        if name not in sent and not (name == "interphase" and Shape.BIPHASIC_SYMMETRIC not in settings.shape):
            yield ("settings", name), "it has several values, and no command of 'prepare' or 'start' sends it"


def _said_by(placeholder: str) -> tuple[str, ...]:
    if placeholder == "signed_amplitude":
        return "amplitude", "polarity"
    return (placeholder,)


def _identity(dialogue: DialogueFile) -> Iterator[tuple[Place, str]]:
    named = [dialogue.commands[name] for name in dialogue.sequences.identify if name in dialogue.commands]
    groups = {group for command in named for reply in command.replies for group in Pattern(reply).groups}
    if named and not any(command.replies for command in named):
        yield ("sequences", "identify"), "none of these commands is answered: nobody would know who is there"
    elif named and not groups & set(IDENTITY):
        known = ", ".join(IDENTITY)
        yield ("sequences", "identify"), f"no reply has one of the groups {known}: any device would do"


def _errors(dialogue: DialogueFile) -> Iterator[tuple[Place, str]]:
    for index, error in enumerate(dialogue.errors):
        groups = Pattern(error.reply).groups
        for name in re.findall(r"\{([^{}]*)\}", error.says):
            if name not in groups:
                yield ("errors", index, "says"), f"the pattern has no group {name!r}"
