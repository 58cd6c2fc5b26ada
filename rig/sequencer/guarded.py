"""The stimulator behind the guard: it starts only with permission, and learns at once when that is taken back."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from rig.guard.terms import Kind
from rig.roles import HandOperated, Paced

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from rig.model.identity import Identity
    from rig.model.intent import Intent
    from rig.model.stimulus import Stimulus
    from rig.roles import Stimulator

__all__ = ["GuardedStimulator", "Guardian", "Unguarded"]


class Guardian(Protocol):
    """Who permits the output to be energised."""

    @property
    def tripped(self) -> str | None:
        """Why nothing may be energised any more; None while it may."""

    @property
    def tripped_by(self) -> Kind:
        """What has caused that; to be asked once something has."""

    @property
    def last_trip(self) -> Mapping[str, Any] | None:
        """How the bench was made safe by the guard, as it has told: reason, steps, seconds; None if it never was."""

    def energised(self, intent: Intent, seconds: float) -> AbstractContextManager[None]:
        """Within this the interlock is closed, for so long at most.

        Raises
        ------
        Refused
            if a ceiling stands against what is intended
        InterlockTripped
            if the guard has tripped
        """

    def renew(self) -> None:
        """Have the permission that is held last as long again, from now; raises as :meth:`energised`."""

    def check(self) -> None:
        """Raise :class:`rig.errors.InterlockTripped` if permission has been taken back."""

    def trip(self, reason: str) -> None:
        """Have the contact opened for good; never raises."""


class Unguarded:
    """A bench without an interlock: nobody is asked."""

    last_trip: Mapping[str, Any] | None = None

    @property
    def tripped(self) -> str | None:
        """Never."""
        return None

    @property
    def tripped_by(self) -> Kind:
        """Nothing; nobody asks."""
        return Kind.GUARD

    @contextmanager
    def energised(self, intent: Intent, seconds: float) -> Iterator[None]:
        """Permit everything."""
        del intent, seconds
        yield

    def renew(self) -> None:
        """Permit everything."""

    def check(self) -> None:
        """Permit everything."""

    def trip(self, reason: str) -> None:
        """There is no contact to open."""


class GuardedStimulator:
    """A stimulator that asks the guard before it starts, and with every sign of life."""

    def __init__(self, inner: Stimulator, guardian: Guardian) -> None:
        self._inner, self._guardian = inner, guardian

    @property
    def name(self) -> str:
        """The name in the bench file."""
        return self._inner.name

    @property
    def keep_alive_interval(self) -> float | None:
        """Longest time between two messages while stimulating, s; None where the device needs none."""
        return self._inner.keep_alive_interval

    @property
    def paced(self) -> bool:
        """Whether every sign of life is a pulse."""
        return isinstance(self._inner, Paced) and self._inner.paced

    def identify(self) -> Identity:
        """Ask the device who it is."""
        return self._inner.identify()

    def prepare(self, stimulus: Stimulus) -> Stimulus:
        """Check and hold a stimulus, output still off."""
        return self._inner.prepare(stimulus)

    def start(self) -> None:
        """Begin to deliver, if the guard permits."""
        self._guardian.check()
        self._inner.start()

    def keep_alive(self) -> None:
        """Tell the device that somebody is still there, unless the guard says otherwise."""
        self._guardian.check()
        self._inner.keep_alive()

    def stop(self) -> None:
        """End stimulation; needs nobody's permission."""
        self._inner.stop()

    def reset(self) -> None:
        """Have the device start anew; a device that is reset may not begin by itself."""
        self._inner.reset()

    def disconnect(self) -> None:
        """Cut the line to the device."""
        self._inner.disconnect()

    def reconnect(self) -> None:
        """Open the line again."""
        self._inner.reconnect()

    @property
    def by_hand(self) -> bool:
        """Whether a person has to stop it."""
        return isinstance(self._inner, HandOperated) and self._inner.by_hand

    def give_up(self) -> None:
        """Tell the person to stop the device, and wait for nothing."""
        if isinstance(self._inner, HandOperated):
            self._inner.give_up()

    def close(self) -> None:
        """End the session."""
        self._inner.close()
