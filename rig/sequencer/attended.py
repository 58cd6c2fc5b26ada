"""What is done by hand on a bench: somebody must be there for it, and what is said goes on record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.bench.opening import BY_HAND
from rig.errors import Refused

if TYPE_CHECKING:
    from rig.bench.definition import BenchDefinition
    from rig.evidence.journal import Journal
    from rig.roles import Attendant
    from rig.sequencer.setup import RunOptions

__all__ = ["Noted", "is_by_hand", "refuse_unattended"]


class Noted:
    """A person, of whom the journal keeps what was said and answered."""

    def __init__(self, attendant: Attendant, journal: Journal, name: str) -> None:
        self._attendant, self._journal, self._name = attendant, journal, name

    def tell(self, text: str) -> None:
        """Show a line at once."""
        self._journal.write("operator told", operator=self._name, text=text)
        self._attendant.tell(text)

    def ask(self, text: str, timeout: float) -> str:
        """Show a line, and return what is typed behind it; raises as whoever is asked."""
        answer = self._attendant.ask(text, timeout)
        self._journal.write("operator answered", operator=self._name, text=text.strip(), answer=answer)
        return answer


def is_by_hand(definition: BenchDefinition) -> bool:
    """Whether a person sets the device."""
    name = definition.named("stimulator")
    return name is not None and definition.instruments[name].address == BY_HAND


def refuse_unattended(definition: BenchDefinition, options: RunOptions) -> None:
    """Raise Refused where a person sets the device, and nobody sits at a terminal."""
    if options.attendant is None and is_by_hand(definition):
        raise Refused(
            f"on the bench {definition.id} the device is set by hand: this needs a terminal to ask somebody at"
        )
