"""The results of a run are kept in the database once its evidence is sealed; nothing about that harms the run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Keeper"]

_SETTING, _NOWHERE = "RIG_HISTORY", "none"


class Keeper:
    """Delivers what was sealed in one folder of evidence, with whatever waits there from before.

    Parameters
    ----------
    named : the database as a person named it; None for the environment's, or for the file beside the evidence
    evidence : the folder that holds the bundles

    Raises
    ------
    HistoryError
        if what was named is no database that results are kept in
    """

    def __init__(self, named: str | None, evidence: Path, *, environment: Mapping[str, str] = os.environ) -> None:
        self._named, self._evidence = named or environment.get(_SETTING) or None, evidence
        self.trouble = ""
        if self._named not in {None, _NOWHERE}:
            # A mistake in it is told before anything is energised; whether a server answers is not asked.
            from rig.history.address import chosen_address  # noqa: PLC0415 - all of this takes time to load
            from rig.history.database import connect  # noqa: PLC0415

            address = chosen_address(self._named, evidence)
            if address is not None:
                connect(address).dispose()

    def keep(self, bundle: Path) -> None:
        """Keep a sealed run; what hinders that is said in ``trouble``, and the run waits to be delivered."""
        if self._named == _NOWHERE:
            return
        try:
            self.trouble = self._keep(bundle)
        except Exception as error:  # noqa: BLE001 - the evidence is sealed; no trouble with a database makes a run another
            self.trouble = f"the results are in no database: {type(error).__name__}: {error}"

    def _keep(self, bundle: Path) -> str:
        from rig.history.address import chosen_address  # noqa: PLC0415 - as above
        from rig.history.spool import deliver, enlist  # noqa: PLC0415

        address = chosen_address(self._named, self._evidence, environment={})
        if address is None:
            return ""
        enlist(self._evidence, bundle)
        return deliver(self._evidence, address).trouble
