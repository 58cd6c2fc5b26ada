"""The command-line options that the plugin adds to pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

__all__ = ["add_options"]


def add_options(parser: pytest.Parser) -> None:
    """Add the options of a run: bench, device, evidence, operator, the virtual bench's time, and dialogues."""
    group = parser.getgroup("rig", "stimulator test rig")
    group.addoption("--bench", metavar="FILE", help="bench file (default: fixtures/benches/virtual.bench.yaml)")
    group.addoption("--dut", metavar="FILE", help="file of the device under test (default: the one the bench names)")
    group.addoption("--evidence", metavar="DIR", help="where evidence is written (default: reports/out)")
    group.addoption("--operator", metavar="NAME", default="", help="who is responsible for this run; goes on record")
    group.addoption(
        "--environment", metavar="READING", default="", help='surroundings: "23.1 degC, 41 %%", or a YAML file'
    )
    group.addoption(
        "--note",
        metavar="TEXT",
        action="append",
        default=[],
        help='a deviation from the plan: "what; cause: why; impact: what it means"; goes on record',
    )
    group.addoption("--key", metavar="KEY", help="private key that signs: a file or keyring:NAME (default: RIG_KEY)")
    group.addoption("--history", metavar="URL", help="database of results, or none (default: RIG_HISTORY, or a file)")
    group.addoption("--real-time", action="store_true", help="let the virtual bench take its time")
    group.addoption("--record-io", action="store_true", help="keep every dialogue with an instrument in the evidence")
    group.addoption(
        "--play-back", metavar="RUN", help="evidence of a run whose dialogues answer instead of instruments"
    )
