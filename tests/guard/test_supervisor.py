from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rig.errors import BenchError, InterlockTripped, Refused
from rig.guard.supervisor import POWER_OFF, Supervisor
from rig.guard.terms import Kind
from rig.model.intent import Intent
from rig.roles import Interlock
from tests.guard.pretend import HandBox, HandClock, ListJournal, PretendInterlock

CEILINGS = Intent(current_peak=0.13, charge_per_phase=100e-6)
MODEST = Intent(current_peak=0.02, charge_per_phase=6e-6)
PATIENCE = 0.5
LIMIT = 0.25
TICK = 0.005


class Table:
    """A supervisor with everything around it."""

    def __init__(self, hold_time: float | None = None, **more: Any) -> None:
        self.clock = HandClock()
        self.box = HandBox(self.clock)
        self.interlock = PretendInterlock(self.clock, hold_time)
        self.journal = ListJournal()
        self.guard = Supervisor(
            self.interlock,
            self.journal,
            now=self.clock,
            heartbeat=PATIENCE,
            ceilings=CEILINGS,
            boxed=self.box,
            **more,
        )

    def closed(self) -> bool:
        return self.interlock.contact

    def live(self, seconds: float, *, beating: bool = True) -> None:
        """Let time pass as it does for a guard that is not disturbed."""
        end = self.clock.time + seconds
        while self.clock.time < end:
            self.clock.time += TICK
            if beating:
                self.guard.heartbeat()
            self.guard.tick()


@pytest.fixture(params=[None, 0.3], ids=["stays closed", "opens by itself"])
def begun(request: pytest.FixtureRequest) -> Table:
    table = Table(request.param)
    table.guard.begin("Ada")
    return table


def test_the_pretended_interlock_is_one() -> None:
    assert isinstance(PretendInterlock(HandClock()), Interlock)


def test_a_permit_closes_and_a_release_opens(begun: Table) -> None:
    token = begun.guard.permit(MODEST, 5.0)
    assert begun.closed()
    begun.live(2.0)
    assert begun.closed()
    begun.guard.release(token.id)
    assert not begun.closed()
    assert not begun.guard.tripped
    assert begun.journal.events == ["begun", "permitted", "released"]


def test_a_dead_man_is_refreshed_three_times_while_it_holds() -> None:
    table = Table(0.3)
    table.guard.begin("Ada")
    table.guard.permit(MODEST, 5.0)
    table.live(2.0)
    times = table.interlock.refreshed_at
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert len(gaps) > 15
    assert max(gaps) <= 0.1


def test_a_contact_that_needs_no_refreshing_is_looked_at_all_the_same(begun: Table) -> None:
    begun.guard.permit(MODEST, 60.0)
    begun.interlock.drop()
    begun.live(0.3)
    assert "opened by itself" in begun.guard.tripped


def test_silence_while_a_token_is_out_trips_after_the_patience_and_not_before(begun: Table) -> None:
    begun.guard.permit(MODEST, 60.0)
    begun.live(PATIENCE - 2 * TICK, beating=False)
    assert begun.closed()
    begun.live(4 * TICK, beating=False)
    assert not begun.closed()
    assert begun.guard.tripped.startswith("no heartbeat for 0.5")


def test_silence_without_a_token_is_only_reported_and_only_once(begun: Table) -> None:
    begun.live(3.0, beating=False)
    assert not begun.guard.tripped
    begun.live(0.1)
    assert begun.journal.events == ["begun", "silent", "heard again"]
    begun.guard.permit(MODEST, 1.0)


def test_a_token_ends_when_it_says_and_beating_does_not_prolong_it(begun: Table) -> None:
    begun.guard.permit(MODEST, 1.0)
    begun.live(1.0 - 2 * TICK)
    assert begun.closed()
    begun.live(3 * TICK)
    assert not begun.closed()
    assert begun.guard.tripped == "token 1 expired"


def test_a_new_permit_replaces_the_token_before(begun: Table) -> None:
    first = begun.guard.permit(MODEST, 1.0)
    begun.live(0.5)
    second = begun.guard.permit(MODEST, 1.0)
    begun.live(0.8)
    assert begun.closed()
    with pytest.raises(Refused, match="token 1 is not out, token 2 is"):
        begun.guard.release(first.id)
    assert begun.closed()
    begun.guard.release(second.id)
    assert not begun.closed()


def test_an_expired_token_is_not_renewed(begun: Table) -> None:
    begun.guard.permit(MODEST, 0.2)
    begun.clock.time += 0.25
    with pytest.raises(InterlockTripped, match="expired"):
        begun.guard.permit(MODEST, 1.0)
    assert not begun.closed()


@pytest.mark.parametrize(
    ("intent", "why"),
    [
        (Intent(current_peak=0.131, charge_per_phase=1e-6), "peak current 0.131 A exceeds"),
        (Intent(current_peak=0.02), "charge per phase is not known"),
    ],
)
def test_what_a_ceiling_stands_against_is_refused_and_nothing_closes(begun: Table, intent: Intent, why: str) -> None:
    with pytest.raises(Refused, match=why):
        begun.guard.permit(intent, 1.0)
    assert begun.interlock.closings == 0
    assert not begun.guard.tripped


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("inf"), float("nan")])
def test_a_permit_has_an_end(begun: Table, seconds: float) -> None:
    with pytest.raises(Refused, match="no time to energise for"):
        begun.guard.permit(MODEST, seconds)
    assert begun.interlock.closings == 0


def test_nobody_gets_a_permit_before_beginning_or_after_ending(begun: Table) -> None:
    begun.guard.end()
    with pytest.raises(Refused, match="nobody has begun"):
        begun.guard.permit(MODEST, 1.0)
    begun.guard.begin("Grace")
    with pytest.raises(Refused, match="in use by Grace"):
        begun.guard.begin("Ada")


def test_ending_with_a_token_out_opens(begun: Table) -> None:
    begun.guard.permit(MODEST, 10.0)
    begun.guard.end()
    assert not begun.closed()
    assert not begun.guard.tripped


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("loose", "did not close: it reports open"),
        ("deaf", "no answer"),
        ("welded", "reported closed before it was told to close"),
    ],
)
def test_a_contact_that_cannot_be_seen_to_close_trips(begun: Table, fault: str, said: str) -> None:
    begun.interlock.faults.add(fault)
    begun.guard._look_at = 1e9  # the permit itself must notice
    with pytest.raises(InterlockTripped, match=said):
        begun.guard.permit(MODEST, 1.0)
    begun.interlock.faults.clear()
    with pytest.raises(InterlockTripped):
        begun.guard.permit(MODEST, 1.0)
    assert not begun.closed()


def test_a_contact_that_does_not_open_is_reported_and_not_assumed(begun: Table) -> None:
    token = begun.guard.permit(MODEST, 5.0)
    begun.interlock.faults.add("welded")
    with pytest.raises(InterlockTripped, match="did not open"):
        begun.guard.release(token.id)
    report = begun.guard.last_trip
    assert report is not None
    assert not report.safe
    assert [step.problem for step in report.steps] == ["", "did not open"]
    assert not begun.guard.status().safe
    tripped = dict(begun.journal.entries)["tripped"]
    assert tripped["safe"] is False


def test_a_contact_that_did_not_open_is_told_again_until_it_does(begun: Table) -> None:
    begun.guard.permit(MODEST, 5.0)
    begun.interlock.faults.add("deaf")
    begun.guard.trip("the operator pressed stop")
    assert not begun.guard.status().safe
    begun.live(1.0)
    begun.interlock.faults.clear()
    begun.live(2.0)
    assert begun.guard.status().safe
    assert not begun.closed()
    again = begun.journal.events.count("made safe again")
    begun.live(5.0)
    assert begun.journal.events.count("made safe again") == again


def test_a_contact_that_never_opens_is_not_told_without_end(begun: Table) -> None:
    begun.interlock.faults.add("welded")
    begun.live(60.0)
    assert 5 < begun.journal.events.count("made safe again") < 12


def test_the_stimulator_is_stopped_first_and_a_failure_there_does_not_keep_the_contact_closed() -> None:
    told: list[str] = []

    def stop() -> None:
        told.append(f"stop, contact {table.closed()}")
        raise BenchError("no answer from the stimulator")

    table = Table(stop=stop, latch=told.append)
    table.guard.begin("Ada")
    table.guard.permit(MODEST, 5.0)
    report = table.guard.trip("the operator pressed stop")
    assert told == ["stop, contact True", "the operator pressed stop"]
    assert report.safe
    assert [(step.name, step.problem) for step in report.steps] == [
        ("stop the stimulator", "no answer from the stimulator"),
        ("open the interlock", ""),
        ("see that it is open", ""),
        ("latch", ""),
    ]


def test_the_supply_is_switched_off_after_the_contact_has_opened_and_before_the_latch() -> None:
    told: list[str] = []

    def power_off() -> None:
        told.append(f"off, contact {table.closed()}")

    table = Table(power_off=power_off, latch=told.append)
    table.guard.begin("Ada")
    token = table.guard.permit(MODEST, 5.0)
    table.guard.release(token.id)
    assert told == [], "opening the contact in order leaves the device its power"
    table.guard.permit(MODEST, 5.0)
    report = table.guard.trip("the operator pressed stop", Kind.OPERATOR)
    assert told == ["off, contact False", "the operator pressed stop"]
    assert [step.name for step in report.steps] == [
        "open the interlock",
        "see that it is open",
        "switch the supply off",
        "latch",
    ]
    assert all(step.seconds >= 0 and not step.problem for step in report.steps)
    event, facts = table.journal.entries[-1]
    assert (event, facts["kind"]) == ("tripped", "operator")
    assert [step["name"] for step in facts["steps"]][2] == "switch the supply off"  # type: ignore[attr-defined]


def test_a_supply_that_does_not_answer_keeps_nothing_from_being_done() -> None:
    def power_off() -> None:
        raise BenchError("supply: no reply in time")

    kept: list[str] = []
    table = Table(power_off=power_off, latch=kept.append)
    table.guard.begin("Ada")
    table.guard.permit(MODEST, 5.0)
    report = table.guard.trip("smoke")
    assert report.safe
    assert not table.closed()
    assert [step.problem for step in report.steps] == ["", "", "supply: no reply in time", ""]
    assert kept == ["smoke"]


def test_a_contact_that_does_not_open_is_unsafe_although_the_supply_is_off() -> None:
    told: list[str] = []
    table = Table(power_off=lambda: told.append("off"))
    table.guard.begin("Ada")
    table.guard.permit(MODEST, 5.0)
    table.interlock.faults.add("welded")
    report = table.guard.trip("smoke")
    assert not report.safe
    assert told == ["off"]
    table.live(1.0)
    assert len(told) > 1, "it is told again with the contact"


def test_a_hanging_supply_takes_no_longer_than_its_time() -> None:
    table = Table(power_off=lambda: None)
    table.guard.begin("Ada")
    table.guard.permit(MODEST, 5.0)
    table.box.hangs = True
    report = table.guard.trip("smoke")
    assert report.steps[-1].problem == f"did not end within {POWER_OFF * LIMIT:g} s"
    assert report.seconds <= POWER_OFF * LIMIT + 2 * LIMIT + 1e-9


def test_a_trip_has_the_kind_of_what_caused_it_and_the_first_one_stays() -> None:
    table = Table()
    table.guard.begin("Ada")
    table.guard.permit(MODEST, 5.0)
    table.live(1.0, beating=False)
    assert table.guard.kind is Kind.GUARD
    assert table.guard.trip("stopped by the operator", Kind.OPERATOR).kind is Kind.OPERATOR
    assert table.guard.kind is Kind.GUARD


def test_a_trip_latches_with_its_first_reason_and_the_latch_is_written_until_it_is_kept() -> None:
    kept: list[str] = []

    def latch(reason: str) -> None:
        kept.append(reason)
        if len(kept) == 1:
            raise OSError(28, "No space left on device")

    table = Table(latch=latch)
    table.guard.begin("Ada")
    for reason in ("first", "second", "third"):
        table.guard.trip(reason)
    assert table.guard.tripped == "first"
    assert kept == ["first", "first"]
    for forbidden in (lambda: table.guard.permit(MODEST, 1.0), lambda: table.guard.begin("Grace")):
        with pytest.raises(InterlockTripped, match="first"):
            forbidden()


def test_a_bench_that_was_latched_before_stays_latched() -> None:
    table = Table(tripped="no heartbeat yesterday")
    with pytest.raises(InterlockTripped, match="yesterday"):
        table.guard.begin("Ada")


def test_a_refresh_that_comes_too_late_does_not_close_a_contact_that_has_opened() -> None:
    table = Table(0.3)
    table.guard.begin("Ada")
    table.guard.permit(MODEST, 60.0)
    table.clock.time += 0.31  # the guard itself was held up
    table.interlock.faults.add("flattering")  # and the report is of no help
    closings = table.interlock.closings
    table.guard.heartbeat()
    table.guard.tick()
    assert table.guard.tripped
    assert table.interlock.closings == closings


def test_a_command_to_close_that_hung_is_taken_back_when_it_reaches_the_contact_after_all(begun: Table) -> None:
    begun.box.hangs_closing = True
    with pytest.raises(InterlockTripped, match="did not end within"):
        begun.guard.permit(MODEST, 1.0)
    assert begun.interlock.closings == 0
    begun.box.end_late()
    assert begun.interlock.closings == 1
    assert not begun.closed()


def test_a_full_disk_stops_nothing(begun: Table) -> None:
    begun.journal.full = True
    token = begun.guard.permit(MODEST, 5.0)
    begun.guard.release(token.id)
    begun.guard.permit(MODEST, 1.0)
    begun.live(1.1)
    assert not begun.closed()
    assert begun.guard.tripped


def test_the_state_can_be_asked_for(begun: Table) -> None:
    begun.guard.permit(MODEST, 4.0)
    begun.live(1.0)
    status = begun.guard.status()
    assert (status.owner, status.energised, status.tripped) == ("Ada", True, "")
    assert status.remaining == pytest.approx(3.0, abs=0.01)


class AnyInterleaving(RuleBasedStateMachine):
    """Whatever happens in whatever order: no contact stays closed without a valid token, and a trip is for good."""

    @initialize(hold_time=st.sampled_from([None, 0.2, 1.0]))
    def start(self, hold_time: float | None) -> None:
        self.table = Table(hold_time)
        self.interlock, self.clock, self.box = self.table.interlock, self.table.clock, self.table.box
        self.renew()

    def renew(self) -> None:
        """What a person's reset comes to: another guard on the same contact."""
        self.guard = self.table.guard = Supervisor(
            self.interlock,
            self.table.journal,
            now=self.clock,
            heartbeat=PATIENCE,
            ceilings=CEILINGS,
            boxed=self.box,
        )
        self.heard = self.expires = self.clock.time
        self.token = ""
        self.closings_at_trip: int | None = None
        self.attempt(lambda: self.guard.begin("Ada"))

    def attempt(self, action: Callable[[], object]) -> bool:
        try:
            action()
        except (Refused, BenchError):
            return False
        return True

    @rule()
    def mend_and_reset(self) -> None:
        self.interlock.faults.clear()
        self.table.journal.full = False
        self.box.end_late()
        self.interlock.disable()
        self.renew()
        assert not self.guard.tripped

    @rule()
    def end_and_begin(self) -> None:
        self.guard.end()
        assert self.interlock.told == "open" or self.box.hangs
        if self.attempt(lambda: self.guard.begin("Grace")):
            self.heard = self.clock.time

    @rule()
    def heartbeat(self) -> None:
        self.guard.heartbeat()
        self.heard = self.clock.time

    @rule(intent=st.sampled_from([MODEST, MODEST, Intent(current_peak=1.0)]), seconds=st.floats(0.01, 1.0))
    def permit(self, intent: Intent, seconds: float) -> None:
        def ask() -> None:
            self.token = self.guard.permit(intent, seconds).id

        if self.attempt(ask):
            assert intent is MODEST
            assert self.interlock.told == "close"
            self.heard, self.expires = self.clock.time, self.clock.time + seconds

    @rule(right=st.booleans())
    def release(self, right: bool) -> None:
        if self.attempt(lambda: self.guard.release(self.token if right else "none")) and right:
            assert self.interlock.told == "open"

    @rule()
    def trip(self) -> None:
        self.guard.trip("the operator pressed stop")
        assert self.interlock.told == "open" or self.box.hangs

    @rule(seconds=st.floats(0.001, 1.0), heard=st.booleans())
    def stall(self, seconds: float, heard: bool) -> None:
        """The guard itself is held up; afterwards it finds heartbeats that waited for it, or none."""
        self.clock.time += seconds
        if heard:
            self.heartbeat()

    @rule(seconds=st.floats(0.01, 0.6), beating=st.booleans())
    def live(self, seconds: float, beating: bool) -> None:
        self.table.live(seconds, beating=beating)
        self.heard = self.clock.time if beating else self.heard

    @rule(fault=st.sampled_from(["deaf", "mute", "loose", "welded", "flattering"]))
    def break_or_mend(self, fault: str) -> None:
        self.interlock.faults ^= {fault}

    @rule()
    def drop(self) -> None:
        self.interlock.drop()

    @rule(closing=st.booleans())
    def hang(self, closing: bool) -> None:
        self.box.hangs, self.box.hangs_closing = not closing, closing

    @precondition(lambda self: self.box.hangs or self.box.hangs_closing)
    @rule()
    def end_what_hung(self) -> None:
        self.box.end_late()
        if not self.guard.status().energised:
            assert self.interlock.told == "open"

    @rule()
    def fill_or_empty_the_disk(self) -> None:
        self.table.journal.full = not self.table.journal.full

    @invariant()
    def a_contact_without_a_valid_token_was_told_to_open(self) -> None:
        # Short of a trip nothing closes that was closed too long ago: the guard may have been held up meanwhile.
        held, closings = self.interlock.contact, self.interlock.closings
        energised = self.guard.status().energised
        self.guard.tick()
        if energised and not held:
            assert self.interlock.closings == closings or "flattering" in self.interlock.faults
        over = self.clock.time >= self.expires or self.clock.time - self.heard > PATIENCE
        energised = self.guard.status().energised
        assert not (energised and over)
        assert not (energised and self.guard.tripped)
        if energised or self.box.hangs:  # nothing that it is told reaches a contact while everything hangs
            return
        assert self.interlock.told == "open"
        if self.guard.safe and not self.interlock.faults:
            assert not self.interlock.contact

    @invariant()
    def what_is_called_safe_was_seen_to_be_open(self) -> None:
        if self.guard.tripped and self.guard.last_trip is not None and self.guard.last_trip.safe:
            assert self.guard.last_trip.steps[-1].problem == ""

    @invariant()
    def once_tripped_it_never_closes_again(self) -> None:
        if self.guard.tripped and not (self.box.hangs or self.box.hangs_closing):
            if self.closings_at_trip is None:
                self.closings_at_trip = self.interlock.closings
            assert self.interlock.closings == self.closings_at_trip


TestAnyInterleaving = AnyInterleaving.TestCase
TestAnyInterleaving.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
