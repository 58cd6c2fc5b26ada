"""Plans with mistakes: each one told at its line and column, all of them at once, in the words of a plan."""

from __future__ import annotations

import json
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.documents import compose_document
from rig.errors import DocumentInvalid
from rig.plan import load_plan
from rig.plan.load import MAX_CASES, expand_plan
from rig.plan.schema import Plan

HEAD = """\
plan: P-1
title: A plan
revision: A
limits: [pack-1]
ceiling: {current_peak: 100 mA, charge_per_phase: 60 uC, rms_current: 30 mA, exposure: 10 s}
requires: {load: [500 ohm, 1 kohm, open, short]}
defaults:
  stimulus: {shape: biphasic_symmetric, amplitude: 20 mA, phase_duration: 300 us, rate: 50 Hz, train: 1 s}
cases:
  - {id: first, verify: [limits: all]}
"""


def mistakes(text: str) -> list[str]:
    with pytest.raises(DocumentInvalid) as caught:
        expand_plan(compose_document(text.encode(), shown_as="p", defer=True))
    return str(caught.value).splitlines()


def in_case(text: str) -> list[str]:
    return mistakes(f"{HEAD}  - {text}\n")


VERIFY = "verify: [{phase_count: {equals: 2}}]"


def pairs(text: str) -> list[tuple[str, str]]:
    """Read a table of two lines each: what is written, and what is said of it."""
    written_and_said = (entry.split("\n  ") for entry in text.strip().split("\n\n"))
    return [(written, said) for written, said in written_and_said]


# VERIFY stands for a check that is in order.
FAULTY_CASES = """
{id: first, VERIFY}
  p:11:10: cases[1].id: the case id 'first' is given twice

{id: First, VERIFY}
  the case id 'First' differs from 'first' only in upper and lower case

{id: c, stimulus: {rate: 2 kHz}, VERIFY}
  a pulse of 600 us does not fit into a period of 500 us

{id: c, stimulus: {train: 10 ms}, VERIFY}
  train: the train ends before its first period does

{id: c, stimulus: {amplitude: 0.2 A, rate: 20 Hz}, VERIFY}
  the amplitude, 200 mA, is above the plan's ceiling.current_peak, 100 mA

{id: c, stimulus: {phase_duration: 5 ms, amplitude: 13 mA}, VERIFY}
  a phase's charge, 65 uC, is above the plan's ceiling.charge_per_phase, 60 uC

{id: c, stimulus: {rate: 200 Hz, amplitude: 90 mA}, VERIFY}
  the rms current, 31.18 mA, is above the plan's ceiling.rms_current, 30 mA

{id: c, stimulus: {train: 11 s}, VERIFY}
  the train, 11 s, is above the plan's ceiling.exposure, 10 s

{id: c, load: 2 kohm, VERIFY}
  p:11:19: cases[1].load: the load '2 kohm' is not under requires.load; did you mean '1 kohm'?

{id: c, load: 500 V, VERIFY}
  'V' is not a unit of ohm; write for example '500 ohm', 'open' or 'short'

{id: c, load: 0 ohm, VERIFY}
  '0 ohm' is not a load: its resistance must be positive

{id: c, sweep: {}, VERIFY}
  sweep: expected at least one key to sweep, found none

{id: c, sweep: {amplitude: []}, VERIFY}
  sweep.amplitude: expected at least 1 value or keys with values, found an empty list

{id: c, sweep: {amplitude: 5 mA}, VERIFY}
  sweep.amplitude: expected a list or keys with values, found '5 mA'

{id: c, sweep: {amplitude: [5 mA, 5 mV]}, VERIFY}
  sweep.amplitude[1]: 'mV' is not a unit of ampere

{id: c, sweep: {amplitude: [5 mA, 0.005 A]}, VERIFY}
  sweep.amplitude: the same value is given twice

{id: c, sweep: {amplitud: [5 mA]}, VERIFY}
  sweep.amplitud: unknown key 'amplitud'; did you mean 'amplitude'?

{id: c, sweep: {amplitude: {from: 1 mA, to: 2 mA, steps: 3, stpes: 3}}, VERIFY}
  unknown key 'stpes'; did you mean 'steps'?

{id: c, sweep: {amplitude: {from: 1 mA, to: 2 mA, steps: 1}}, VERIFY}
  sweep.amplitude.steps: must be at least 2, found 1

{id: c, stimulus: {rate: 50 Hz}, sweep: {rate: [1 Hz]}, VERIFY}
  sweep.rate: rate is given by the case and swept as well

{id: c, load: open, sweep: {load: [500 ohm]}, VERIFY}
  sweep.load: load is given by the case and swept as well

{id: c, sweep: {load: [2 kohm]}, VERIFY}
  sweep.load[0]: the load '2 kohm' is not under requires.load

{id: c, sweep: {zip: {load: [2 kohm]}}, VERIFY}
  sweep.zip.load[0]: the load '2 kohm' is not under requires.load

{id: c, sweep: {rate: [9 Hz], zip: {rate: [8 Hz]}}, VERIFY}
  sweep.zip.rate: rate is swept twice

{id: c, sweep: {zip: {rate: [8 Hz], load: [open, 1 kohm]}}, VERIFY}
  need lists of one length; rate has 1, load has 2

{id: c, sweep: {zip: {rate: [8 Hz, 8 Hz]}}, VERIFY}
  sweep.zip: the same values are given twice

{id: c, stimulus: {shape: monophasic, interphase: 0 s}, VERIFY}
  a monophasic pulse has no interphase interval

{id: c, stimulus: {shape: monophasic}, sweep: {interphase: [0 s]}, VERIFY}
  sweep.interphase: a monophasic pulse has no interphase interval (in c[0s])

{id: c, sweep: {zip: {rate: [8 Hz, 2 kHz]}}, VERIFY}
  sweep.zip.rate: a pulse of 600 us does not fit into a period of 500 us (in c[2kHz])

{id: c, stimulus: {channel: 0}, VERIFY}
  stimulus.channel: must be at least 1, found 0

{id: c, stimulus: {amplitude: -1 mA}, VERIFY}
  stimulus.amplitude: -1 mA must not be negative

{id: c, stimulus: {train: 2}, VERIFY}
  stimulus.train: '2' has no unit; write for example '300 us', or expected 'forever', found 2

{id: c, stimulus: {train: forever}, VERIFY}
  stimulus.train: forever needs an event that ends it

{id: c, stimulus: {rate: }, VERIFY}
  cases[1].stimulus.rate: has no value

{id: c, capture: {voltage: 5 V}, VERIFY}
  capture.voltage: expected 'auto', found '5 V'

{id: c, capture: {zero: never}, verify: [{net_charge: {at_most: 1 uC}}]}
  net_charge needs a zero capture, and this case takes none

{id: c, verify: []}
  verify: expected at least 1 value, found an empty list

{id: c}
  p:11:5: cases[1].verify: the required key 'verify' is missing

{VERIFY}
  cases[1].id: the required key 'id' is missing

3
  p:11:5: cases[1]: expected keys with values, found 3

{id: c, events: [{at: 1 s}], VERIFY}
  events[0]: expected one thing to happen: load, communication, supply or device

{id: c, events: [{at: 0.5 s, load: open, communication: cut}], VERIFY}
  expected one thing to happen

{id: c, events: [{at: 0.5 s, load: 3 ohm}], VERIFY}
  events[0].load: the load '3 ohm' is not under requires.load

{id: c, events: [{at: 1 s, load: open}], VERIFY}
  events[0].at: happens after the train has ended

{id: c, events: [{at: 0.5 s, load: open}, {at: 0.5 s, load: 1 kohm}], VERIFY}
  events[1].at: is not later than the event before it

{id: c, events: [{at: 0.5 s, load: 500 ohm}], VERIFY}
  events[0].load: '500 ohm' is connected already

{id: c, events: [{at: 0.2 s, load: open}, {at: 0.5 s, load: open}], VERIFY}
  events[1].load: 'open' is connected already

{id: c, sweep: {load: [500 ohm, open]}, events: [{at: 0.2 s, load: open}], VERIFY}
  events[0].load: 'open' is connected already

{id: c, events: [{at: 0.2 s, communication: restored}], VERIFY}
  events[0].communication: the line was not cut before

{id: c, events: [{at: 0.2 s, communication: cut}, {at: 0.5 s, communication: cut}], VERIFY}
  events[1].communication: the line is cut already

{id: c, events: [{at: 0.2 s, supply: on}], VERIFY}
  events[0].supply: the supply was not switched off before

{id: c, events: [{at: 0.2 s, supply: off}, {at: 0.5 s, supply: off}], VERIFY}
  events[1].supply: the supply is off already

{id: c, events: [{at: 0.2 s, supply: off}, {at: 0.5 s, supply: 20 V}], VERIFY}
  events[1].supply: the supply is off: switch it on

{id: c, events: [{at: 0.2 s, supply: off}, {at: 0.5 s, device: reset}], VERIFY}
  events[1].device: the supply is off: there is nothing to reset

{id: c, events: [{at: 0.2 s, communication: cut}, {at: 0.5 s, device: reset}], VERIFY}
  events[1].device: the line is cut: no reset can be sent

{id: c, events: [{at: 0.2 s, supply: 0 V}], VERIFY}
  events[0].supply: '0 V' must be positive; to take the supply away write 'off'

{id: c, events: [{at: 0.2 s, supply: 20 mA}], VERIFY}
  events[0].supply: 'mA' is not a unit of volt

{id: c, events: [{at: 0.2 s, supply: 5 V of nominal}], VERIFY}
  events[0].supply: 'V' is not a unit of a ratio

{id: c, events: [{at: 0.2 s, supply: 24}], VERIFY}
  '24' has no unit; write for example '5 V', or a share of the nominal voltage, 'off' or 'on'

{id: c, events: [{at: 0.2 s, device: restart}], VERIFY}
  events[0].device: expected 'reset', found 'restart'

{id: c, stimulus: {train: forever}, events: [{at: 0.5 s, load: open}], VERIFY}
  stimulus.train: forever needs an event that ends it: a cut line, a supply switched off, or a reset

{id: c, stimulus: {train: forever}, events: [{at: 0.5 s, supply: 90 %}], VERIFY}
  stimulus.train: forever needs an event that ends it

{id: c, events: [{at: 0.5 s, load: open}], verify: [{reconnect_surge: {at_most: 1 A}}]}
  reconnect_surge needs 'load: open', and an event that connects another load after it

{id: c, sweep: {load: [open, 1 kohm]}, events: [{at: 0.5 s, load: short}], verify: [{reconnect_surge: {at_most: 1 A}}]}
  reconnect_surge needs 'load: open'

{id: c, events: [{at: 0.5 s, load: short}], verify: [{comms_loss_time: {at_most: 1 s}}]}
  comms_loss_time needs an event 'communication: cut'

{id: c, events: [{at: 0.5 s, supply: off}], verify: [{power_up_output: {at_most: 1 mA}}]}
  power_up_output needs an event 'supply: off' and 'supply: on' after it, or 'device: reset'

{id: c, load: short, events: [{at: 0.5 s, load: 500 ohm}], verify: [{short_circuit_recovery: {at_most: 1 s}}]}
  short_circuit_recovery needs an event 'load: short', with a resistor before

{id: c, events: [{at: 0.5 s, communication: cut}], verify: [{reset_stop_time: {at_most: 1 s}}]}
  reset_stop_time needs an event 'device: reset'

{id: c, verify: [{latency: {at_most: 1 s, during: 500 ohm}}]}
  latency.during: latency speaks of the whole case, not of a stretch of it

{id: c, load: short, verify: [{peak_output_voltage: {at_most: 110 % of set}}]}
  there is no set value for this stimulus and load

{id: c, events: [{at: 0.5 s, load: open}], verify: [{peak_output_voltage: {at_most: 110 % of set, during: open}}]}
  there is no set value for this stimulus and load

{id: c, load: open, verify: [{peak_output_voltage: {at_most: 110 % of set}}]}
  there is no set value for this stimulus and load

{id: c, load: open, verify: [{pulse_energy: {at_most: 110 % of set}}]}
  there is no set value for this stimulus and load

{id: c, load: open, verify: [{load_resistance: {within: 1 % of set}}]}
  there is no set value for this stimulus and load

{id: c, stimulus: {shape: monophasic}, verify: [{phase_charge_negative: {within: 1 % of set}}]}
  there is no set value for this stimulus and load

{id: c, stimulus: {shape: monophasic}, verify: [{interphase_interval: {within: 1 % of set}}]}
  there is no set value for this stimulus and load

{id: c, stimulus: {amplitude: 0 A}, verify: [{phase_top: {within: 1 % of set}}]}
  leaves no room: no measured value is that exact
"""


@pytest.mark.parametrize(("case", "message"), pairs(FAULTY_CASES))
def test_one_clear_message_for_each_faulty_case(case: str, message: str) -> None:
    (found,) = in_case(case.replace("VERIFY", VERIFY))
    assert found.startswith("p:11:")
    assert message in found


FAULTY_CHECKS = """
phase_topp: {at_most: 1 A}
  phase_topp: unknown key 'phase_topp'; did you mean 'phase_top'?

charge: {at_most: 1 C}
  charge: unknown key 'charge'; did you mean 'charge_imbalance'?

phase_top: {at_most: 1}
  phase_top.at_most: '1' has no unit; write for example '20 mA'

phase_top: {at_most: 1 V}
  phase_top.at_most: 'V' is not a unit of ampere

phase_top: {at_most: 1 % of se}
  phase_top.at_most: '% of se' is not a unit of ampere

phase_top: {at_most: -1 mA}
  phase_top.at_most: '-1 mA' must not be negative

phase_top: {at_most: [1 mA]}
  phase_top.at_most: expected for example '20 mA'

phase_top: {at_most: true}
  phase_top.at_most: expected for example '20 mA'

phase_top: {within: 10 %}
  phase_top.within: '10 %' does not say of what; write for example '10 % of set'

phase_top: {within: 10 of set}
  phase_top.within: '10' has no unit

phase_top: {within: 1 V of set}
  phase_top.within: 'V' is not a unit of ampere

phase_top: {within: 10 % of 3 V}
  phase_top.within: 'V' is not a unit of ampere

phase_top: {within: -1 % of set}
  phase_top.within: '-1 % of set': a tolerance must be positive

phase_top: {within: {a: 1}}
  phase_top.within: expected for example '10 % of set'

phase_top: {}
  phase_top: expected exactly one of within, at_most, at_least, between; found none

phase_top: {at_most: 1 A, at_least: 0 A}
  found at_most and at_least

phase_top: {between: [2 mA, 1 mA]}
  phase_top.between: the second bound lies below the first

phase_top: {between: [2 mA, 2 mA]}
  leaves no room: no measured value is that exact

phase_top: {between: [2 mA]}
  phase_top.between[1]: the required key 1 is missing

phase_top: {at_mots: 1 A}
  phase_top.at_mots: unknown key 'at_mots'; did you mean 'at_most'?

phase_top: {at_most: 1 A, of: all}
  phase_top.of: expected 'each' or 'mean', found 'all'

phase_top: {at_most: 1 A, during: open}
  phase_top.during: 'open' is never connected in this case

phase_top: 20 mA
  phase_top: expected keys with values, found '20 mA'

rise_time: {within: 10 % of set}
  this measurand has no set value to be compared with

rise_time: {at_most: 10 % of set}
  this measurand has no set value to be compared with

rise_time: {within: 10 %}
  write for example '10 % of 300 us'

net_charge: {at_least: 1 uC}
  net_charge.at_least: unknown key 'at_least'; did you mean 'at_most'?

missing_pulses: {equals: 0.5}
  missing_pulses.equals: '0.5' is not a whole number

missing_pulses: {equals: set}
  this measurand has no set value to be compared with

missing_pulses: {within: 1 of 2}
  missing_pulses.within: unknown key 'within'; expected one of:

polarity: {is: up}
  polarity.is: expected 'positive', 'negative' or 'set', found 'up'

reconnect_surge: {at_most: 1 A}
  reconnect_surge needs 'load: open', and an event that connects another load after it

limits: some
  limits: expected 'all', found 'some'

{}
  verify[0]: expected one measurand with its bound per line; found none

droop: {at_most: 1 %}, overshoot: {at_most: 1 %}
  per line; found droop and overshoot
"""


@pytest.mark.parametrize(("check", "message"), pairs(FAULTY_CHECKS))
def test_one_clear_message_for_each_faulty_check(check: str, message: str) -> None:
    item = check if check == "{}" else f"{{{check}}}"
    (found,) = in_case(f"{{id: c, verify: [{item}]}}")
    assert found.startswith("p:11:")
    assert message in found


class TestIdsAndTitles:
    @pytest.mark.parametrize(
        "identifier",
        ["../etc", "a/b", "a\\b", ".hi", "a b", "a\x07b", "<b>", "", "-a", "ä", "a.", "NUL.txt", "x" * 65, "a\u202eb"],
    )  # fmt: skip
    def test_unsafe_ids_are_refused_for_plans_and_cases(self, identifier: str) -> None:
        quoted = json.dumps(identifier)
        for found in (
            mistakes(HEAD.replace("plan: P-1", f"plan: {quoted}")),
            in_case(f"{{id: {quoted}, {VERIFY}}}"),
        ):
            assert len(found) == 1
            assert found[0].isprintable()

    @settings(max_examples=60)
    @given(st.text(max_size=12).filter(lambda text: not set(text) <= set(string.ascii_letters + string.digits + "._-")))
    def test_any_other_letter_is_refused(self, identifier: str) -> None:
        found = mistakes(HEAD.replace("plan: P-1", f"plan: {json.dumps(identifier)}"))
        assert found[0].startswith("p:1:")
        assert "".join(found).isprintable()

    @pytest.mark.parametrize("title", ["a\x07b", "a\nb", "\x1b[31mred", "a\u202eb", "a\u2028b", " ", ""])
    def test_invisible_letters_are_refused_in_titles(self, title: str) -> None:
        (found,) = in_case(f"{{id: c, title: {json.dumps(title)}, {VERIFY}}}")
        assert found.startswith("p:11:20: cases[1].title: ")
        assert found.isprintable()

    @pytest.mark.parametrize("title", ["<b>µ ± 5 %</b>", 'Ω & "quotes"', "漢字"])
    def test_any_visible_text_is_a_title(self, title: str) -> None:
        text = f"{HEAD}  - {{id: c, title: {json.dumps(title)}, {VERIFY}}}\n"
        plan = expand_plan(compose_document(text.encode(), shown_as="p"))
        assert plan.cases[1].title == title


class TestWholePlans:
    def test_everything_at_once_even_across_kinds(self) -> None:
        cases = ["id: first", "id: c, colour: red", "id: d, load: 7 ohm"]
        text = HEAD + "".join(f"  - {{{case}, {VERIFY}}}\n" for case in cases)
        found = mistakes(f"{text}size: 3\ntitle: again\n")
        assert [line.split(":")[1] for line in found] == ["11", "12", "13", "14", "15"]
        assert "cases[3].load" in found[2]

    def test_a_plan_that_is_no_plan(self) -> None:
        assert mistakes("[]") == ["p:1:1: expected keys with values, found an empty list"]
        assert mistakes("plan") == ["p:1:1: expected keys with values, found 'plan'"]
        assert mistakes("null") == ["p:1:1: expected keys with values, found nothing"]
        assert len(mistakes("{}")) == 4
        assert "cases: expected a list" in mistakes("plan: P\ntitle: T\nrevision: A\ncases: 3\n")[0]

    def test_mistakes_above_the_cases(self) -> None:
        text = HEAD.replace("revision: A", "revision: 3").replace("rate: 50 Hz", "rate: 50")
        assert [line.split(": ")[1] for line in mistakes(text)] == ["revision", "defaults.stimulus.rate"]

    def test_nothing_but_faulty_cases(self) -> None:
        text = HEAD.replace("verify: [limits: all]", "verify: [limits: some]")
        assert len(mistakes(text)) == 1

    def test_a_key_without_a_value_is_told_once_wherever_it_is(self) -> None:
        (found,) = mistakes(HEAD.replace("rate: 50 Hz", "rate: "))
        assert "defaults.stimulus.rate: has no value" in found
        (found,) = in_case(f"{{id: c, sweep: {{rate: }}, {VERIFY}}}")
        assert "cases[1].sweep.rate: has no value" in found
        (found,) = in_case(f"{{id: c, traces: [~], {VERIFY}}}")
        assert "cases[1].traces[0]: expected text, found nothing" in found

    def test_packs_that_nobody_verifies(self) -> None:
        (found,) = mistakes(HEAD.replace("limits: all", "droop: {at_most: 1 %}"))
        assert found.startswith("p:4:1: limits: no case verifies these packs")

    def test_packs_that_are_not_there(self) -> None:
        (found,) = mistakes(HEAD.replace("limits: [pack-1]\n", ""))
        assert "cases[0].verify[0].limits: there are no limit packs to verify" in found

    def test_packs_twice_and_badly_named(self) -> None:
        assert "the limit pack 'pack-1' is given twice" in mistakes(HEAD.replace("[pack-1]", "[pack-1, pack-1]"))[0]
        assert "'../x' is not of the form" in mistakes(HEAD.replace("[pack-1]", "[../x]"))[0]

    def test_no_load_anywhere(self) -> None:
        (found,) = mistakes(HEAD.replace("requires: {load: [500 ohm, 1 kohm, open, short]}\n", ""))
        assert "cases[0]: no load is given" in found

    def test_a_load_of_the_defaults_that_is_not_required(self) -> None:
        (found,) = mistakes(HEAD.replace("defaults:\n", "defaults:\n  load: 9 ohm\n"))
        assert "the load '9 ohm' is not under requires.load" in found

    def test_a_stimulus_that_is_not_whole(self) -> None:
        (found,) = mistakes(HEAD.replace("amplitude: 20 mA, ", "").replace(", train: 1 s", ""))
        assert found.startswith("p:10:5: cases[0]: the stimulus lacks amplitude, train: given neither by the case")

    def test_forever_without_a_ceiling(self) -> None:
        text = HEAD.replace(", exposure: 10 s", "")
        case = f"{{id: c, stimulus: {{train: forever}}, events: [{{at: 1 s, communication: cut}}], {VERIFY}}}"
        (found,) = mistakes(f"{text}  - {case}\n")
        assert "stimulus.train: forever needs an end: give ceiling.exposure" in found

    def test_a_swept_train_ends_whatever_the_defaults_say(self) -> None:
        text = HEAD.replace("train: 1 s", "train: forever").replace("{id: first,", "{id: first, sweep: {train: [1 s]},")
        assert expand_plan(compose_document(text.encode(), shown_as="p")).cases[0].stimulus.train == 1.0

    def test_too_many_cases(self) -> None:
        thousand = "{from: 1 mA, to: 50 mA, steps: 1000}"
        rates = ", ".join(f"{rate} Hz" for rate in range(1, 13))
        (found,) = in_case(f"{{id: c, sweep: {{amplitude: {thousand}, rate: [{rates}]}}, {VERIFY}}}")
        assert f"the plan expands to more than {MAX_CASES} cases" in found

    @settings(max_examples=40)
    @given(
        st.text(string.ascii_lowercase + "_", min_size=1, max_size=12).filter(lambda key: key not in Plan.model_fields)
    )
    def test_any_unknown_key_is_refused_with_its_line(self, key: str) -> None:
        (found,) = mistakes(f"{HEAD}{json.dumps(key)}: 1\n")
        assert found.startswith(f"p:11:1: {key}: unknown key")

    @settings(max_examples=60, deadline=None)
    @given(
        st.integers(0, len(HEAD) - 1),
        st.sampled_from(["", " ", ":", "{", "]", "\n", "\t", "x", "'", "-", "&a ", "*a "]),
    )
    def test_any_slip_of_the_pen_ends_in_messages(self, at: int, slip: str) -> None:
        text = HEAD[:at] + slip + HEAD[at + 1 :]
        try:
            cases = expand_plan(compose_document(text.encode(), shown_as="p", defer=True)).cases
        except DocumentInvalid as error:
            messages = str(error).splitlines()
        else:
            messages = [f"p:1:1: {case.id}" for case in cases]
        assert messages
        assert all(message.startswith("p:") and message.isprintable() for message in messages)


def test_a_plan_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DocumentInvalid, match="there is no such file"):
        load_plan(tmp_path / "x.plan.yaml")
