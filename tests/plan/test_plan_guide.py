"""The guide to writing a plan shows only what the rig reads."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from rig.documents import compose_document
from rig.plan import MEASURANDS
from rig.plan.load import expand_plan

GUIDE = (Path(__file__).parents[2] / "docs" / "plan.md").read_text(encoding="utf-8")
EXAMPLES = [
    textwrap.dedent(block) for block in re.findall(r"^```yaml\n(.*?)^```", GUIDE, flags=re.MULTILINE | re.DOTALL)
]

STIMULUS = "{shape: biphasic_symmetric, amplitude: 10 mA, phase_duration: 300 us, rate: 50 Hz, train: 1.1 s}"
PARTS = {
    "plan": "plan: P\n",
    "title": "title: T\n",
    "revision": "revision: A\n",
    "limits": "limits: [iec60601-2-10:2012]\n",
    "ceiling": "ceiling: {exposure: 10 s}\n",
    "requires": "requires: {load: [500 ohm, 2 kohm, 10 kohm, 1 kohm, open]}\n",
    "defaults": f"defaults: {{stimulus: {STIMULUS}}}\n",
}


def completed(example: str) -> str:
    """Put around an example what it leaves out, so that it becomes a whole plan."""
    verify, case = (
        "verify: [{phase_count: {equals: 2}}, {limits: all}]",
        "- {id: c, verify: [{phase_count: {equals: 2}}]}",
    )
    keys = {line.partition(":")[0] for line in example.splitlines()}
    if example.startswith("- "):
        body = example if "verify:" in example else example + "  " + verify + "\n"
        example = f"cases:\n{textwrap.indent(body, '  ')}"
    elif keys & {"sweep", "verify", "traces", "mode"}:
        body = example if "verify" in keys else example + verify + "\n"
        example = f"cases:\n  - id: c\n{textwrap.indent(body, '    ')}"
    elif "cases" not in keys:
        example += f"cases:\n  {case}\n"
    if "limits: all" not in example:
        example += "  - {id: packs, load: 500 ohm, stimulus: " + STIMULUS + ", verify: [limits: all]}\n"
    keys = {line.partition(":")[0] for line in example.splitlines()}
    return "".join(text for key, text in PARTS.items() if key not in keys) + example


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_guide_loads(example: str) -> None:
    text = completed(example)
    if "defaults:\n" in text:
        text = text.replace(
            "defaults:\n  stimulus: {", "defaults:\n  stimulus: {amplitude: 1 mA, phase_duration: 300 us, "
        )
    assert expand_plan(compose_document(text.encode(), shown_as="guide")).cases


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 10


def test_the_guide_names_every_measurand_and_no_other() -> None:
    table = GUIDE.partition("### Measurands")[2].partition("## ")[0]
    assert set(re.findall(r"`(\w+)`", table)) == set(MEASURANDS)
