"""What a plan says for a report: read strictly, and of no consequence for its cases."""

from __future__ import annotations

import pytest

from rig.documents import compose_document
from rig.errors import DocumentInvalid
from rig.plan.load import LoadedPlan, expand_plan

PLAN = """\
plan: P-1
title: A plan
revision: A
{about}
cases:
  - id: one
    load: 500 ohm
    stimulus: {{shape: monophasic, amplitude: 20 mA, phase_duration: 300 us, rate: 50 Hz, train: 1 s}}
    verify: [{{phase_count: {{equals: 50}}}}]
"""
ABOUT = """\
about:
  objective: |
    First paragraph.

    Second.
  standards: [{name: IEC 60601-2-10, edition: "2012", deviations: other loads}]
"""


def read(about: str) -> LoadedPlan:
    return expand_plan(compose_document(PLAN.format(about=about).encode(), shown_as="p", defer=True))


def test_what_it_says_changes_no_case() -> None:
    told, silent = read(ABOUT), read("")
    assert told.plan.about
    assert told.plan.about.objective == "First paragraph.\n\nSecond."
    assert told.plan.about.standards[0].deviations == "other loads"
    assert told.plan.about.customer is None
    assert silent.plan.about is None
    assert [(case.id, case.stimulus) for case in told.cases] == [(case.id, case.stimulus) for case in silent.cases]


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("about: {objektive: x}", "p:4:9: about.objektive: unknown key 'objektive'"),
        ('about: {objective: "  "}', "p:4:20: about.objective: expected some words"),
        (
            "about: {standards: [{name: IEC 1}]}",
            "p:4:21: about.standards[0].edition: the required key 'edition' is missing",
        ),
        ('about: {customer: "a\\u202eb"}', "p:4:19: about.customer: the invisible character U+202E"),
        ("about:", "about"),
    ],
)
def test_mistakes_are_told_at_their_places(written: str, place: str) -> None:
    with pytest.raises(DocumentInvalid) as caught:
        read(written)
    assert place in str(caught.value)
