"""A check may trace to a requirement by itself: it, and not its whole case, is then what covers it."""

from __future__ import annotations

from rig.documents import compose_document
from rig.plan.case import Case
from rig.plan.load import expand_plan

PLAN = """
plan: P
title: T
revision: A
ceiling: {exposure: 10 s}
cases:
  - id: c
    traces: [REQ-1]
    stimulus: {shape: biphasic_symmetric, phase_duration: 300 us, rate: 50 Hz, train: 1.1 s}
    load: 500 ohm
    sweep: {amplitude: [10 mA, 20 mA]}
    verify:
      - phase_top: {within: 5 % of set, traces: [REQ-2, REQ-1]}
      - net_charge: {at_most: 0.5 uC}
    series:
      - monotonic: {equals: 0, traces: [REQ-3]}
"""


def cases() -> dict[str, Case]:
    return {case.id: case for case in expand_plan(compose_document(PLAN.encode(), shown_as="p")).cases}


def test_the_case_traces_to_what_its_checks_trace_to() -> None:
    found = cases()
    assert [case.traces for case in found.values()] == [("REQ-1", "REQ-2"), ("REQ-1", "REQ-2"), ("REQ-1", "REQ-3")]


def test_what_the_case_covers_as_a_whole_is_not_the_check_s_alone() -> None:
    case = next(iter(cases().values()))
    assert {check.measurand: check.traces for check in case.checks} == {"phase_top": ("REQ-2",), "net_charge": ()}
    assert cases()["c[series]"].checks[0].traces == ("REQ-3",)
