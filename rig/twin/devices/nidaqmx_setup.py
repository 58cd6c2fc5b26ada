"""How DAQmx requests change a task that is being configured, and what of them the card refuses."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from rig.twin.devices.nidaqmx_attributes import OVERWRITE, SMALLEST_RATE
from rig.twin.devices.nidaqmx_card import DIFFERENTIAL
from rig.twin.devices.nidaqmx_tasks import (
    AnalogTask,
    DigitalTask,
    EdgeTrigger,
    InputChannel,
    OutputChannel,
    SampleMode,
    TimedTask,
    expand,
    half_range_for,
)
from rig.twin.devices.nidaqmx_wire import Refusal, refusal

if TYPE_CHECKING:
    from nidaqmx._stubs import nidaqmx_pb2 as pb

    from rig.twin.devices.nidaqmx_card import Card
    from rig.twin.devices.nidaqmx_wire import Reply

__all__ = [
    "add_input_channels",
    "add_output_channels",
    "known",
    "log_to",
    "no_reference",
    "no_trigger",
    "refer_to_level",
    "refer_to_terminal",
    "set_auto_start",
    "set_buffer",
    "set_clock",
    "set_overwrite",
    "start_on_level",
    "start_on_terminal",
    "verify",
    "virtual_names",
]

_LOGGING_OFF, _CREATE = 10231, 15848

_DEFAULT_CONFIGURATION = -1
_RISING = 10280
_TTL_THRESHOLD = 1.5
_FOR_ALL_LINES = 1
_FEWEST_FINITE_SAMPLES = 2
_LARGEST_BUFFER = 1 << 27


def add_input_channels(card: Card, task: AnalogTask, request: pb.CreateAIVoltageChanRequest) -> Refusal | None:
    """Append one voltage channel per physical name; the narrowest range that holds both limits is set."""
    physical = known(card, request.physical_channel, card.input_names())
    if isinstance(physical, Refusal):
        return physical
    half_range = half_range_for(request.min_val, request.max_val, card.can.ranges)
    configuration = request.terminal_config or request.terminal_config_raw
    if half_range is None or request.min_val >= request.max_val:
        return refusal(-200077)
    wirings = [_wired(card, place, configuration) for place in physical]
    if None in wirings:
        return refusal(-200077)
    names = virtual_names(physical, request.name_to_assign_to_channel)
    if {channel.name for channel in task.channels} & set(names):
        return refusal(-200489)
    task.channels += [
        InputChannel(
            name=name,
            physical=place,
            terminal=place.rpartition("/")[2],
            minimum=request.min_val,
            maximum=request.max_val,
            half_range=half_range,
            configuration=wiring or 0,
        )
        for name, place, wiring in zip(names, physical, wirings, strict=True)
    ]
    task.sampler = card.can.sampler
    return None


def _wired(card: Card, place: str, asked: int) -> int | None:
    """How an input is wired; by default differential where it can be. None where it cannot be as asked."""
    offered = card.wirings(place)
    if asked == _DEFAULT_CONFIGURATION:
        return DIFFERENTIAL if DIFFERENTIAL in offered else offered[0]
    return asked if asked in offered else None


def add_output_channels(card: Card, task: DigitalTask, request: pb.CreateDOChanRequest) -> Refusal | None:
    """Append digital output lines: a channel per line, or one channel for all of them; a port is all its lines."""
    asked = ", ".join(
        f"{name}/line0:{card.lines - 1}" if name.casefold().endswith("/port0") else name
        for name in expand(request.lines)
    )
    lines = known(card, asked, card.line_names())
    if isinstance(lines, Refusal):
        return lines
    if set(task.lines) & set(lines):
        return refusal(-200489)
    if (request.line_grouping or request.line_grouping_raw) == _FOR_ALL_LINES:
        # A colon would make clients take the one channel for several.
        name = request.name_to_assign_to_lines or request.lines.replace(":", "_")
        task.channels.append(OutputChannel(name=name, lines=tuple(lines)))
    else:
        names = virtual_names(lines, request.name_to_assign_to_lines)
        task.channels += [OutputChannel(name=name, lines=(line,)) for name, line in zip(names, lines, strict=True)]
    return None


def known(card: Card, asked: str, existing: list[str]) -> list[str] | Refusal:
    """The physical channels that are asked for, as the card spells them."""
    by_name = {name.casefold(): name for name in existing}
    found = []
    for name in expand(asked):
        if name.partition("/")[0].casefold() != card.device.casefold():
            return refusal(-200220)
        if name.casefold() not in by_name:
            return refusal(-200170)
        found.append(by_name[name.casefold()])
    return found or refusal(-200170)


def virtual_names(physical: list[str], assigned: str) -> list[str]:
    """The names a client gave, one for each; one name for several channels is numbered from 0, as DAQmx does."""
    given = [name.strip() for name in assigned.split(",") if name.strip()]
    if not given:
        return physical
    if len(given) == len(physical):
        return given
    return [f"{given[0]}{number}" for number in range(len(physical))]


def set_clock(task: TimedTask, request: pb.CfgSampClkTimingRequest) -> Refusal | None:
    """Take over rate, mode and number of samples; only the card's own clock is wired."""
    mode = request.sample_mode or request.sample_mode_raw
    if mode not in set(SampleMode) or not (math.isfinite(request.rate) and request.rate > 0):
        return refusal(-200077)
    if request.source not in {"", "OnboardClock"}:
        return refusal(-200077)
    task.timed, task.rate = True, request.rate
    task.mode, task.samples = SampleMode(mode), request.samps_per_chan
    return None


def set_buffer(task: AnalogTask, samples: int) -> Refusal | None:
    """Set how many samples per channel may wait for a reader."""
    if not 0 < samples <= _LARGEST_BUFFER:
        return refusal(-200077)
    task.asked_buffer = samples
    return None


def set_overwrite(task: AnalogTask, request: pb.SetReadAttributeInt32Request) -> Refusal | None:
    """Say whether new samples may replace unread ones."""
    task.overwrite = (request.value or request.value_raw) == OVERWRITE
    return None


def set_auto_start(task: AnalogTask, request: pb.SetReadAttributeBoolRequest) -> Refusal | None:
    """Say whether reading starts a task that is not running."""
    task.auto_start = request.value
    return None


def start_on_terminal(card: Card, task: AnalogTask, request: pb.CfgDigEdgeStartTrigRequest) -> Refusal | None:
    """Let the first sample wait for a TTL edge at a terminal of the card."""
    edge = _at_terminal(card, request)
    if isinstance(edge, Refusal):
        return edge
    task.trigger = edge
    return None


def start_on_level(card: Card, task: AnalogTask, request: pb.CfgAnlgEdgeStartTrigRequest) -> Refusal | None:
    """Let the first sample wait for one of the task's own channels to pass a level, V."""
    edge = _at_level(card, task, request)
    if isinstance(edge, Refusal):
        return edge
    task.trigger = edge
    return None


def refer_to_terminal(card: Card, task: AnalogTask, request: pb.CfgDigEdgeRefTrigRequest) -> Refusal | None:
    """Keep samples from before and after a TTL edge at a terminal of the card."""
    edge = _at_terminal(card, request)
    if isinstance(edge, Refusal):
        return edge
    task.reference, task.pretrigger = edge, request.pretrigger_samples
    return None


def refer_to_level(card: Card, task: AnalogTask, request: pb.CfgAnlgEdgeRefTrigRequest) -> Refusal | None:
    """Keep samples from before and after one of the task's own channels passes a level, V."""
    edge = _at_level(card, task, request)
    if isinstance(edge, Refusal):
        return edge
    task.reference, task.pretrigger = edge, request.pretrigger_samples
    return None


def _at_terminal(
    card: Card, request: pb.CfgDigEdgeStartTrigRequest | pb.CfgDigEdgeRefTrigRequest
) -> EdgeTrigger | Refusal:
    by_name = {name.casefold().lstrip("/"): name for name in card.terminal_names()}
    asked = request.trigger_source.casefold().lstrip("/")
    full = by_name.get(asked if "/" in asked else f"{card.device.casefold()}/{asked}")
    if full is None:
        return refusal(-200077)
    rising = (request.trigger_edge or request.trigger_edge_raw) == _RISING
    return EdgeTrigger(source=full.rpartition("/")[2], level=_TTL_THRESHOLD, slope=1 if rising else -1)


def _at_level(
    card: Card, task: AnalogTask, request: pb.CfgAnlgEdgeStartTrigRequest | pb.CfgAnlgEdgeRefTrigRequest
) -> EdgeTrigger | Refusal:
    if not card.can.level_triggers:
        return refusal(-200452)
    source = next((c for c in task.channels if request.trigger_source in {c.name, c.physical, c.terminal}), None)
    if source is None or abs(request.trigger_level) > source.half_range:
        return refusal(-200077)
    rising = (request.trigger_slope or request.trigger_slope_raw) == _RISING
    return EdgeTrigger(source=source.terminal, level=request.trigger_level, slope=1 if rising else -1)


def no_trigger(task: AnalogTask, _: pb.DisableStartTrigRequest) -> None:
    """Let the first sample be taken at once."""
    task.trigger = None


def no_reference(task: AnalogTask, _: pb.DisableRefTrigRequest) -> None:
    """Let the acquisition begin with its first sample."""
    task.reference, task.pretrigger = None, 0


def verify(task: AnalogTask) -> Refusal | None:
    """What DAQmx checks only when the task is about to start."""
    if not task.channels:
        return refusal(-200478)
    if task.timed and not SMALLEST_RATE <= task.rate <= task.sampler.largest_rate:
        return refusal(-200077)
    if task.timed and task.rate > task.fastest:
        return refusal(-200081)
    if task.reference is not None and not _can_refer(task):
        return refusal(-200077)
    if task.total is not None and task.total < _FEWEST_FINITE_SAMPLES:
        return refusal(-200077)
    return None


def _can_refer(task: AnalogTask) -> bool:
    """Whether a reference trigger goes with the rest of the task: alone, and with samples on both sides of it."""
    if task.total is None or task.trigger is not None:
        return False
    return _FEWEST_FINITE_SAMPLES <= task.pretrigger <= task.total - _FEWEST_FINITE_SAMPLES


def log_to(task: AnalogTask, ask: pb.ConfigureLoggingRequest) -> Reply:
    """Have what is read written to a TDMS file as well; it must not be there yet where one is to be made."""
    path = Path(ask.file_path)
    if ask.logging_mode_raw == _LOGGING_OFF:
        task.log = None
        return None
    try:
        with path.open("xb" if ask.operation_raw == _CREATE else "wb"):
            pass
    except OSError:
        return refusal(-201304)
    task.log, task.log_group = path, ask.group_name or task.name
    return None
