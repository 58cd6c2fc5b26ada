"""The state machine between somebody who wants to energise and the contact that lets them: in doubt it opens."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

from rig.errors import InterlockTripped, Refused
from rig.guard.contact import WATCH, Contact
from rig.guard.make_safe import SUPPLY_OFF, Step, StepDone, in_time, perform, said
from rig.guard.terms import Kind, Log, Status, Token, Trip
from rig.model.intent import Intent

if TYPE_CHECKING:
    from collections.abc import Callable

    from rig.guard.make_safe import Boxed
    from rig.roles import Interlock

__all__ = ["HEARTBEAT", "POWER_OFF", "Supervisor"]

HEARTBEAT = 0.5
# So many times the time of any other step: two questions over a network take longer, and the contact is open by then.
POWER_OFF = 4


class Supervisor:
    """Keeps the contact open unless a token is out, and a token out only while its holder is heard.

    Parameters
    ----------
    interlock : the contact; open is safe
    journal : keeps what happened; its failures are of no consequence here
    now : seconds on a clock that never jumps
    heartbeat : longest silence of a client that holds a token, s
    ceilings : what no intent may exceed
    stop : a second way to stop the stimulator, where there is one; taken first
    power_off : switches off what feeds the device, where something does; taken last
    latch : keeps the reason of a trip beyond this process
    tripped : why the bench is latched from the beginning, empty if it is not
    boxed : does something within a time
    limit : longest time of one step, s
    """

    def __init__(
        self,
        interlock: Interlock,
        journal: Log,
        *,
        now: Callable[[], float],
        heartbeat: float = HEARTBEAT,
        ceilings: Intent | None = None,
        stop: Callable[[], object] | None = None,
        power_off: Callable[[], object] | None = None,
        latch: Callable[[str], object] | None = None,
        tripped: str = "",
        boxed: Boxed = in_time,
        limit: float = 0.25,
    ) -> None:
        self._contact = Contact(interlock, now=now, boxed=boxed, limit=limit)
        self._journal, self._now, self._boxed, self._limit = journal, now, boxed, limit
        self._patience, self._ceilings = heartbeat, ceilings or Intent()
        self._stop, self._power_off = stop, power_off
        self._latch, self._kept = latch, latch is None or bool(tripped)
        self._owner: str | None = None
        self._token: Token | None = None
        self._last_trip: Trip | None = None
        self._tripped, self._kind, self._safe, self._silent = tripped, Kind.GUARD, True, False
        self._heard = self._look_at = -math.inf
        self._pause, self._tokens = WATCH, 0

    @property
    def tripped(self) -> str:
        """Why everything is refused, empty if it is not."""
        return self._tripped

    @property
    def kind(self) -> Kind:
        """What has caused the first trip, whose reason is the one that stays."""
        return self._kind

    @property
    def last_trip(self) -> Trip | None:
        """How the bench was made safe when it tripped, or the last time after that."""
        return self._last_trip

    @property
    def safe(self) -> bool:
        """Whether the contact was seen open when it was last told to open."""
        return self._safe

    @property
    def patience(self) -> float:
        """Longest silence of a client that holds a token, s."""
        return self._patience

    def status(self) -> Status:
        """Say how things stand."""
        token = self._token
        return Status(
            owner=self._owner,
            energised=token is not None,
            remaining=None if token is None else max(0.0, token.expires - self._now()),
            tripped=self._tripped,
            safe=self._safe,
        )

    def begin(self, owner: str) -> None:
        """Take on a client; the contact is opened and seen to be open.

        Raises
        ------
        Refused
            if there is a client already.
        InterlockTripped
            if the bench is latched, or the contact is not seen open.
        """
        self._refuse_if_tripped()
        if self._owner is not None:
            raise Refused(f"the bench is in use by {self._owner}")
        self._owner, self._heard = owner, self._now()
        self._note("begun", owner=owner, ceilings=asdict(self._ceilings), heartbeat=self._patience)
        self._open()
        self._refuse_if_tripped()

    def heartbeat(self) -> None:
        """Hear that the client is alive."""
        self._heard = self._now()
        if self._silent:
            self._silent = False
            self._note("heard again")

    def permit(self, intent: Intent, seconds: float) -> Token:
        """Close the contact for that long at most, and see that it is closed; the token replaces the one before.

        Raises
        ------
        Refused
            if a ceiling stands against the intent; a token that is out stays valid.
        InterlockTripped
            if the bench is latched, or the contact cannot be seen to close.
        """
        self.tick()  # what has run out meanwhile is not renewed
        self._refuse_if_tripped()
        self._refuse(intent, seconds)
        if self._token is None:
            self._or_trip(self._contact.close, "the interlock did not close")
        else:
            self._or_trip(self._contact.refresh, "the interlock was not refreshed")
        self._refuse_if_tripped()
        self._tokens += 1
        self._heard = self._now()
        self._token = Token(id=str(self._tokens), expires=self._heard + seconds, intent=intent)
        self._note("permitted", token=self._token.id, seconds=seconds, intent=asdict(intent))
        return self._token

    def release(self, token_id: str) -> None:
        """Take a token back: open the contact and see that it is open.

        Raises
        ------
        Refused
            if another token is out; that one stays valid.
        InterlockTripped
            if the bench is latched, or the contact is not seen open.
        """
        self.tick()
        self._refuse_if_tripped()
        if self._token is not None and self._token.id != token_id:
            raise Refused(f"token {token_id} is not out, token {self._token.id} is")
        self._open()
        self._refuse_if_tripped()
        self._note("released", token=token_id)

    def trip(self, reason: str, kind: Kind = Kind.GUARD) -> Trip:
        """Make safe and refuse everything from now on; the first reason stays."""
        first, begun = not self._tripped, self._now()
        if first:
            self._tripped, self._kind = reason, kind
        steps = self._make_safe()
        if not self._kept:
            steps += perform(
                [Step(name="latch", action=self._keep, limit=self._limit)], now=self._now, boxed=self._boxed
            )
        report = Trip(reason=reason, kind=kind, steps=steps, safe=self._safe, seconds=self._now() - begun)
        self._last_trip = report
        facts = {"safe": report.safe, "seconds": report.seconds, "steps": [asdict(step) for step in steps]}
        self._note("tripped" if first else "made safe again", reason=reason, kind=kind, **facts)
        return report

    def tick(self) -> None:
        """Look at everything that time may have changed; to be called every few milliseconds."""
        if self._token is None:
            self._look_whether_open()
        else:
            self._look_after(self._token)
        silence = self._now() - self._heard
        if self._owner is not None and silence > self._patience and not self._silent:
            self._silent = True
            self._note("silent", seconds=silence)

    def end(self) -> None:
        """Let the client go; the contact is opened, whatever was out."""
        energised = self._token is not None
        self._open(self._make_safe() if energised else None)
        if self._owner is not None:
            self._note("ended", owner=self._owner, energised=energised, safe=self._safe)
        self._owner = None

    def _look_after(self, token: Token) -> None:
        now = self._now()
        if now >= token.expires:
            self.trip(f"token {token.id} expired")
        elif now - self._heard > self._patience:
            self.trip(f"no heartbeat for {now - self._heard:.3f} s")
        elif self._contact.due():
            self._or_trip(self._contact.refresh, "the interlock was not refreshed")

    def _look_whether_open(self) -> None:
        """See that the contact is open while it should be; where it is not, open it, at growing pauses."""
        if self._now() < self._look_at or (self._owner is None and self._safe):
            return
        try:
            problem = "the interlock reports closed without a token" if self._contact.closed() else ""
        except Exception as error:  # noqa: BLE001 - a contact that cannot be asked is not known to be open
            problem = f"the interlock cannot be asked: {said(error)}"
        if problem:
            self.trip(problem)
            self._pause *= 2
        else:
            self._safe, self._pause = True, WATCH
        self._look_at = self._now() + self._pause

    def _or_trip(self, action: Callable[[], object], what: str) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the contact, it is opened
            self.trip(f"{what}: {said(error)}")

    def _open(self, done: tuple[StepDone, ...] | None = None) -> None:
        """Open the contact without ado, unless these steps have; what goes wrong trips."""
        steps = self._take(self._contact.opening()) if done is None else done
        if wrong := [f"{step.name}: {step.problem}" for step in steps if step.problem]:
            self.trip("; ".join(wrong))

    def _make_safe(self) -> tuple[StepDone, ...]:
        # Stopped first: a contact that opens under current wears, and one that is welded needs the other way.
        stop = [Step(name="stop the stimulator", action=self._stop, limit=self._limit)] if self._stop else []
        done = self._take((*stop, *self._contact.opening()))
        # Last, as it takes longest: what the contact can do is done by then, and a welded one needs it all the same.
        off = [Step(name=SUPPLY_OFF, action=self._power_off, limit=POWER_OFF * self._limit)] if self._power_off else []
        return done + perform(off, now=self._now, boxed=self._boxed)

    def _take(self, steps: tuple[Step, ...]) -> tuple[StepDone, ...]:
        self._token = None
        done = perform(steps, now=self._now, boxed=self._boxed)
        self._safe = not done[-1].problem  # the last step sees that the contact is open
        self._look_at = self._now() + WATCH
        return done

    def _keep(self) -> None:
        if self._latch is not None:
            self._latch(self._tripped)
        self._kept = True

    def _refuse(self, intent: Intent, seconds: float) -> None:
        objections = list(intent.objections(self._ceilings))
        if self._owner is None:
            objections.append("nobody has begun")
        if not (math.isfinite(seconds) and seconds > 0):
            objections.append(f"{seconds} s is no time to energise for")
        if objections:
            self._note("refused", reasons=objections, intent=asdict(intent))
            raise Refused("; ".join(objections))

    def _refuse_if_tripped(self) -> None:
        if self._tripped:
            raise InterlockTripped(self._tripped)

    def _note(self, event: str, **facts: object) -> None:
        with suppress(Exception):  # no journal is worth a contact that stays closed
            self._journal.write(event, **facts)
