"""A train with what happens in it: every event of a plan becomes a step on the bench, which is mended afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rig.acquisition.capture import Train
from rig.acquisition.delivery import Step
from rig.bench.feeding import feed, wait_until_awake
from rig.errors import BenchError, CommunicationError, InstrumentError
from rig.model.happening import Action
from rig.model.load import OPEN
from rig.plan.case import Communication, Power
from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rig.bench.build import Bench
    from rig.bench.device_file import FeedEntry
    from rig.model.load import Load
    from rig.plan.case import Event, SupplyLevel
    from rig.roles import Stimulator, Supply
    from rig.sequencer.live import LiveWatch

__all__ = ["AFTERWARDS", "Eventful"]

AFTERWARDS = 2.0
"""For so long nothing may flow after the last event before a train without an end counts as ended, s.

It is longer than a device takes to start anew after its power came back.
"""


class Eventful:
    """One train with events on one bench; what they have changed is known here, and undone by :meth:`restore`.

    ``load`` is the one that is connected at first.
    """

    def __init__(self, bench: Bench, load: Load | None, events: Sequence[Event]) -> None:
        self._bench, self._load_before, self._events = bench, load, events
        self._cut = self._off = self._restarted = self._refed = False

    def train(self, duration: float, *, watch: LiveWatch, endless: bool) -> Train:
        """Return the train, events included; an endless one is over when nothing has flowed for some time."""
        stimulator = self._bench.stimulator
        plain = Train.of(stimulator, duration)
        if not self._events:
            return plain
        last = max(event.at for event in self._events)
        return replace(
            plain,
            stop=self._stop,
            alive=self._say,
            events=tuple(self._steps()),
            done=(lambda at: watch.at_rest(at, AFTERWARDS) and at >= last + AFTERWARDS) if endless else None,
        )

    def restore(self) -> None:
        """Have the bench as it was: the line open, the supply at its own voltage, the device awake and stopped.

        Raises
        ------
        InstrumentError
            if the device or its supply does not come back
        """
        if self._off or self._restarted or self._cut:
            self._bench.select_load(OPEN)  # it may do anything as it wakes up
        try:
            self._restore_device()
        except CommunicationError as error:
            # No line that broke, to be tried again: this is how the device took what was done to it.
            name = self._bench.stimulator.name
            raise InstrumentError(
                name, "", f"the device did not come back after what happened to it: {error}"
            ) from error
        if self._load_before is not None and self._bench.selected is not self._load_before:
            self._bench.select_load(self._load_before.name)

    def _restore_device(self) -> None:
        if self._off:
            feed(self._supply, self._feed, self._bench.clock)
        elif self._refed:
            self._supply.set(self._feed.voltage, self._feed.current, self._feed.hertz)
        self._bench.unsettled = ""
        if self._off or self._restarted or self._cut:
            self._off = self._cut = False
            wait_until_awake(self._reopened, self._bench.clock)
            self._bench.stimulator.reconnect()
            self._bench.stimulator.stop()

    def _steps(self) -> Iterator[Step]:
        for event in self._events:
            if event.load is not None:
                yield Step(at=event.at, action=Action.LOAD, do=self._load(event.load), detail=event.load)
            elif event.communication is Communication.CUT:
                yield Step(at=event.at, action=Action.CUT, do=self._disconnect, words=False)
            elif event.communication is Communication.RESTORED:
                yield Step(at=event.at, action=Action.RESTORED, do=self._reconnect, words=True)
            elif event.device is not None:
                yield Step(at=event.at, action=Action.RESET, do=self._reset, words=False)
            elif event.supply is Power.OFF:
                yield Step(at=event.at, action=Action.SUPPLY, do=self._power_off, detail="off", words=False)
            elif event.supply is Power.ON:
                yield Step(at=event.at, action=Action.SUPPLY, do=self._power_on, detail="on")
            elif event.supply is not None:
                yield self._level(event.at, event.supply)

    def _load(self, name: str) -> _Do:
        return lambda: self._bench.select_load(name)

    def _level(self, at: float, level: SupplyLevel) -> Step:
        volts = level.volts(self._feed.voltage)

        def give() -> None:
            self._refed = True
            self._bench.unsettled = "the device's supply was left at another voltage"
            self._supply.set(volts, self._feed.current, self._feed.hertz)

        return Step(at=at, action=Action.SUPPLY, do=give, detail=format_quantity(volts, Unit.VOLT))

    def _disconnect(self) -> None:
        self._cut = True
        self._bench.stimulator.disconnect()

    def _reconnect(self) -> None:
        self._bench.stimulator.reconnect()
        self._cut = False

    def _reset(self) -> None:
        self._restarted = True
        self._bench.stimulator.reset()

    def _power_off(self) -> None:
        self._off = self._restarted = True
        self._bench.unsettled = "the device's supply was left switched off"
        self._supply.switch_off()

    def _power_on(self) -> None:
        self._supply.switch_on()
        self._off = False

    def _say(self) -> None:
        """Say a word to the device; that it has stopped by itself is for the capture to show."""
        try:
            self._bench.stimulator.keep_alive()
        except CommunicationError:
            raise
        except InstrumentError:
            return  # it has heard the word all the same

    def _stop(self) -> None:
        """Stop the device as far as it can be told: one without power cannot, and one that has just started may not."""
        if self._off:
            return
        if self._cut:
            self._reconnect()
        try:
            self._bench.stimulator.stop()
        except CommunicationError:
            if not self._restarted:
                raise

    def _reopened(self) -> Stimulator:
        self._bench.stimulator.reconnect()
        return self._bench.stimulator

    @property
    def _supply(self) -> Supply:
        if self._bench.supply is None:
            raise BenchError(f"{self._bench.definition.id}: has no supply for the device")
        return self._bench.supply

    @property
    def _feed(self) -> FeedEntry:
        entry = self._bench.device.file.supply
        if entry is None:
            raise BenchError(f"{self._bench.device.file.device}: is not fed by a supply")
        return entry


if TYPE_CHECKING:
    from collections.abc import Callable

    _Do = Callable[[], object]
