"""Stimulators described in a file: exact lines out and in, what is refused, and every mistake at its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rig.bench.dialogue.entries import DialogueFile
from rig.bench.dialogue.reading import read_dialogue
from rig.bench.stimulators.text_protocol import TextStimulator
from rig.errors import CommunicationError, DocumentInvalid, InstrumentError, Refused
from rig.model.identity import Identity
from rig.model.stimulus import Polarity, Shape, Stimulus
from rig.roles import Stimulator
from tests.bench.scripted_peer import ManualClock, Peer, Transcript, transcript

FILE = Path(__file__).parents[2] / "fixtures" / "duts" / "line-stimulator.dialogue.yaml"
STATED = Identity(manufacturer="Example", model="LS-4", serial="0007", firmware="")
STIMULUS = Stimulus(
    channel=2,
    shape=Shape.BIPHASIC_SYMMETRIC,
    amplitude=0.02,
    phase_duration=300e-6,
    interphase=100e-6,
    rate=50.0,
    train=1.0,
)

Step = tuple[bytes, bytes]


def says(*lines: str) -> list[Step]:
    """``sent > answered``, or only what is sent; lines end with CR LF on both ways."""
    steps = []
    for line in lines:
        sent, _, answered = line.partition(" > ")
        steps.append((f"{sent}\r\n".encode(), f"{answered}\r\n".encode() if answered else b""))
    return steps


PREPARED = says(
    "CHAN 2 > OK",
    "SHAPE BI > OK",
    "POL POS > OK",
    "AMP 20.0 > OK",
    "WIDTH 300 > OK",
    "GAP 100 > OK",
    "RATE 50.0 > OK",
    "AMP? > 20.0 mA",
    "WIDTH? > 300 us",
    "RATE? > 50.0 Hz",
    "STATE? > IDLE",
)
STARTED = says("RUN > OK", "STATE? > RUNNING")
STOPPED = says("HALT > OK", "STATE? > IDLE")


def instead(steps: list[Step], sent: str, answered: str) -> list[Step]:
    """The dialogue up to a line that is answered otherwise."""
    (place,) = [k for k, step in enumerate(steps) if step[0] == f"{sent}\r\n".encode()]
    return [*steps[:place], (steps[place][0], f"{answered}\r\n".encode())]


def described(tmp_path: Path, *changes: tuple[str, str]) -> DialogueFile:
    return read_dialogue(changed(tmp_path, *changes))[1]


def changed(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = FILE.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = tmp_path / "changed.dialogue.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def device(peer: Peer, dialogue: DialogueFile | None = None, timeout: float = 60.0) -> TextStimulator:
    used = read_dialogue(FILE)[1] if dialogue is None else dialogue
    made = TextStimulator("stimulator", peer.url, used, stated=STATED, wait=ManualClock().sleep, timeout=timeout)
    OPENED.append(made)
    return made


OPENED: list[TextStimulator] = []


@pytest.fixture(autouse=True)
def _nothing_is_left_open() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()


@pytest.mark.supports("text-protocol", "driver")
@pytest.mark.supports("text-protocol", "transcript")
def test_a_whole_train() -> None:
    alive = says("PING > PONG RUNNING")
    with transcript(*PREPARED, *STARTED, *alive, *STOPPED, *STOPPED, *says("*RST > OK")) as peer:
        driver = device(peer)
        assert isinstance(driver, Stimulator)
        assert driver.keep_alive_interval == 1.0
        assert driver.prepare(STIMULUS) == STIMULUS
        driver.start()
        driver.keep_alive()
        assert driver.condition == "RUNNING"
        driver.stop()
        driver.stop()
        driver.reset()
        driver.close()
        driver.close()


def test_identity_is_what_the_device_tells_and_else_what_its_file_says(tmp_path: Path) -> None:
    with transcript(*says("*IDN? > Example,LS-4,0007,1.2")) as peer:
        assert device(peer).identify() == replace(STATED, firmware="1.2")
    serial_only = described(
        tmp_path,
        ('"(?P<manufacturer>[^,]+),(?P<model>[^,]+),(?P<serial>[^,]+),(?P<firmware>[^,]+)"', '"SN (?P<serial>.*)"'),
    )
    with transcript(*says("*IDN? > SN 0815")) as peer:
        assert device(peer, serial_only).identify() == replace(STATED, serial="0815")


def test_settings_are_rounded_to_the_steps_and_sent_in_the_units_that_are_described(tmp_path: Path) -> None:
    dialogue = described(
        tmp_path,
        ('"AMP {amplitude:mA:.1f}"', '"AMP {signed_amplitude:0.1 mA:05d}"'),
        ("step: 0.1 mA", "step: 0.5 mA"),
        ('"WIDTH {phase_duration:us:d}"', '"WIDTH {{{phase_duration:us:04X}}}"'),
        ("rate: {least: 1 Hz, most: 500 Hz, step: 0.1 Hz}", "period: {least: 2 ms, most: 1 s, step: 0.25 ms}"),
        ('"RATE {rate:Hz:.1f}"', '"RATE {period:0.25 ms:d}"'),
        ("read-amplitude, read-width, read-rate, state]", "state]"),
        ('  read-amplitude: {send: "AMP?", reply: "(?P<amplitude>[0-9.]+) mA", reads: {amplitude: mA}}\n', ""),
        ('  read-width: {send: "WIDTH?", reply: "(?P<phase_duration>[0-9]+) us", reads: {phase_duration: us}}\n', ""),
        ('  read-rate: {send: "RATE?", reply: "(?P<rate>[0-9.]+) Hz", reads: {rate: Hz}}\n', ""),
    )
    asked = replace(
        STIMULUS, amplitude=0.0201, phase_duration=299.6e-6, interphase=99.7e-6, rate=30.0, polarity=Polarity.NEGATIVE
    )
    sent = says(
        "CHAN 2 > OK",
        "SHAPE BI > OK",
        "POL NEG > OK",
        "AMP -0200 > OK",
        "WIDTH {012C} > OK",
        "GAP 100 > OK",
        "RATE 133 > OK",
        "STATE? > IDLE",
    )
    with transcript(*sent) as peer:
        realised = device(peer, dialogue).prepare(asked)
    assert realised.rate == pytest.approx(1 / 0.03325)
    assert realised == replace(asked, amplitude=0.02, phase_duration=300e-6, interphase=100e-6, rate=realised.rate)


def test_what_the_device_rounded_is_read_back_and_returned_as_set() -> None:
    rounded = [*instead(PREPARED, "AMP?", "20.1 mA"), *says("WIDTH? > 300 us", "RATE? > 50.1 Hz", "STATE? > IDLE")]
    with transcript(*rounded) as peer:
        assert device(peer).prepare(STIMULUS) == replace(STIMULUS, amplitude=0.0201, rate=50.1)


def test_a_device_that_was_set_to_something_else_is_found_out() -> None:
    other = [*instead(PREPARED, "AMP?", "25.0 mA"), *says("WIDTH? > 300 us", "RATE? > 50.0 Hz", "STATE? > IDLE")]
    with transcript(*other) as peer, pytest.raises(InstrumentError) as caught:
        device(peer).prepare(STIMULUS)
    assert "'amplitude': reports 25 mA, and was set to 20 mA" in str(caught.value)


@pytest.mark.parametrize(
    ("sent", "answered", "says_so"),
    [
        ("STATE?", "OK", "'prepare': reports the state 'OK', which 'states' does not know"),
        ("AMP?", "2.0.0 mA", "'amplitude': reports '2.0.0', which is no number"),
        ("AMP?", "20.0 A", "'AMP?': answered '20.0 A', not as"),
        ("GAP 100", "ERR 12 gap too long", "'GAP 100': the device reports error 12: gap too long"),
        ("STATE?", "RUNNING", "'prepare': reports 'RUNNING', which means running; it should be off"),
        ("STATE?", "ASLEEP", "'prepare': reports the state 'ASLEEP', which 'states' does not know"),
    ],
)
def test_another_answer_than_the_one_described_is_an_error_and_nothing_can_be_started(
    sent: str, answered: str, says_so: str
) -> None:
    with transcript(*instead(PREPARED, sent, answered)) as peer:
        driver = device(peer)
        with pytest.raises(InstrumentError) as caught:
            driver.prepare(STIMULUS)
        assert says_so in str(caught.value)
        with pytest.raises(InstrumentError, match="no stimulus has been prepared"):
            driver.start()


@pytest.mark.parametrize(
    ("change", "says_so"),
    [
        ({"channel": 5}, "has no channel 5; it has 1, 2, 3, 4"),
        ({"amplitude": 0.1001}, "amplitude is 0 A to 100 mA; 100.1 mA cannot be set"),
        ({"amplitude": 0.00004}, "smallest amplitude is 100 uA; 40 uA is less"),
        ({"amplitude": -0.01}, "is not negative"),
        ({"phase_duration": 9e-6}, "phase duration is 10 us to 1 ms; 9 us cannot be set"),
        ({"interphase": 2e-3}, "interphase is 0 s to 1 ms"),
        ({"rate": 500.2}, "rate is 1 Hz to 500 Hz"),
        ({"phase_duration": 1e-3, "rate": 500.0}, "pulses of 2.1 ms do not fit a rate of 500 Hz"),
        ({"train": float("nan")}, "finite"),
    ],
)
def test_what_the_device_cannot_be_set_to_is_refused_with_its_limits_before_a_word_is_said(
    change: dict[str, float], says_so: str
) -> None:
    with transcript() as peer:
        with pytest.raises(Refused) as caught:
            device(peer).prepare(replace(STIMULUS, **change))  # type: ignore[arg-type] # numbers of all sorts
        assert says_so in str(caught.value)


def test_a_device_that_has_stopped_says_so_when_it_is_kept_alive() -> None:
    with transcript(*PREPARED, *STARTED, *says("PING > PONG FAULT")) as peer:
        driver = device(peer)
        driver.prepare(STIMULUS)
        driver.start()
        with pytest.raises(InstrumentError, match="'ping': reports 'FAULT', which means fault; it should be running"):
            driver.keep_alive()
        assert driver.condition == "FAULT"


def test_a_device_that_still_runs_after_it_was_stopped_says_so() -> None:
    said = "'stop': reports 'RUNNING', which means running; it should be off"
    with (
        transcript(*instead(STOPPED, "STATE?", "RUNNING")) as peer,
        pytest.raises(InstrumentError, match=said),
    ):
        device(peer).stop()


def test_lines_that_mean_nothing_are_left_out_and_an_error_that_came_unasked_is_raised() -> None:
    chatter = [(b"*IDN?\r\n", b"# hello\r\n\r\n#\r\nExample,LS-4,7,1\r\n")]
    with transcript(*chatter) as peer:
        assert device(peer).identify().serial == "7"
    with transcript((b"*RST\r\n", b"OK\r\nERR 3 too hot\r\n")) as peer:  # both come at once
        driver = device(peer)
        driver.reset()
        with pytest.raises(InstrumentError, match="'unasked': the device reports error 3: too hot"):
            driver.stop()


@pytest.mark.parametrize("answer", [b"", b"O", b"#\r\n#\r\n"])
def test_no_answer_is_a_broken_dialogue_which_may_be_tried_again(answer: bytes) -> None:
    with transcript((b"*RST\r\n", answer)) as peer, pytest.raises(CommunicationError, match="no answer in time"):
        device(peer, timeout=0.2).reset()


def test_an_endless_line_is_cut_short() -> None:
    said = "a line of more than 512 characters"
    with transcript((b"*RST\r\n", b"x" * 2000)) as peer, pytest.raises(InstrumentError, match=said):
        device(peer).reset()


def test_the_answer_to_an_earlier_question_is_not_taken_for_a_stop() -> None:
    """The device was slow: what it says now answers what was asked before."""
    steps = [
        (b"RUN\r\n", b""),
        (b"HALT\r\nSTATE?\r\n", b"OK\r\nOK\r\nIDLE\r\n"),  # late, and told twice to be sure
        *STOPPED,
    ]
    with transcript(*PREPARED, *steps) as peer:
        driver = device(peer, timeout=0.3)
        driver.prepare(STIMULUS)
        with pytest.raises(CommunicationError):
            driver.start()
        driver.stop()


def test_a_line_that_broke_is_opened_again_to_stop() -> None:
    script = Transcript(*PREPARED, *STARTED, (b"PING\r\n", [None]), *STOPPED)
    with Peer(script) as peer:
        driver = device(peer)
        driver.prepare(STIMULUS)
        driver.start()
        with pytest.raises(CommunicationError):
            driver.keep_alive()
        driver.stop()
        assert peer.connections == 2
    assert script.finished


def test_a_pulled_cable_tells_the_device_nothing() -> None:
    with transcript(*STOPPED) as peer:
        driver = device(peer)
        driver.disconnect()
        with pytest.raises(CommunicationError, match="the connection is closed"):
            driver.keep_alive()
        driver.reconnect()
        driver.stop()
        assert peer.connections == 2


def test_a_device_that_repeats_what_it_hears(tmp_path: Path) -> None:
    dialogue = described(tmp_path, ("timeout: 1 s", "timeout: 1 s, echo: true"))
    with transcript((b"*RST\r\n", b"*RST\r\nOK\r\n"), (b"*IDN?\r\n", b"*IND?\r\n")) as peer:
        driver = device(peer, dialogue)
        driver.reset()
        with pytest.raises(InstrumentError, match="was not repeated"):
            driver.identify()


def test_an_answer_of_several_lines(tmp_path: Path) -> None:
    dialogue = described(tmp_path, ("{send: HALT, reply: OK}", '{send: HALT, reply: [OK, "DONE (?P<status>[A-Z]+)"]}'))
    with transcript((b"HALT\r\n", b"OK\r\nDONE IDLE\r\n"), (b"STATE?\r\n", b"IDLE\r\n")) as peer:
        device(peer, dialogue).stop()


def test_a_device_that_counts_its_pulses_says_how_long_they_take(tmp_path: Path) -> None:
    dialogue = described(
        tmp_path,
        ("\ncommands:", "  pulses: {least: 1, most: 999}\n\ncommands:"),
        ("{send: RUN, reply: OK}", '{send: "RUN {pulses:d}", reply: OK}'),
    )
    with transcript(*PREPARED, *says("RUN 51 > OK", "STATE? > RUNNING", "PING > PONG IDLE")) as peer:
        driver = device(peer, dialogue)
        assert driver.prepare(replace(STIMULUS, train=1.011)).train == pytest.approx(51 / 50)
        driver.start()
        driver.keep_alive()  # it has ended by itself, as it was told


# What is changed in a description that is in order, where that is blamed, and what is said.
MISTAKES = {
    "unknown placeholder": ('"AMP {amplitude:mA:.1f}"', '"AMP {amplitud:mA:.1f}"', "no placeholder 'amplitud'"),
    "attribute access": ('"CHAN {channel}"', '"CHAN {channel.__class__}"', "no placeholder 'channel.__class__'"),
    "index": ('"CHAN {channel}"', '"CHAN {channel[0]}"', "no placeholder 'channel[0]'"),
    "no unit": ('"AMP {amplitude:mA:.1f}"', '"AMP {amplitude:.1f}"', "say its unit and form"),
    "wrong unit": ('"AMP {amplitude:mA:.1f}"', '"AMP {amplitude:mV:.1f}"', "'mV' is not a unit of ampere"),
    "wrong form": ('"AMP {amplitude:mA:.1f}"', '"AMP {amplitude:mA:99999f}"', "'99999f' is no form of a number"),
    "too few decimals": ('"AMP {amplitude:mA:.1f}"', '"AMP {amplitude:mA:d}"', "too few decimals: amplitude's 'step'"),
    "lonely brace": ('"CHAN {channel}"', '"CHAN {channel"', "a '{' by itself"),
    "a command that hides": ('"CHAN {channel}"', '"CHAN\\r\\nRUN {channel}"', "only printable ASCII"),
    "bad pattern": ('"(?P<status>[A-Z]+)"', '"(?P<status>[A-Z]+"', "a '(' without its ')'"),
    "long pattern": ('"(?P<status>[A-Z]+)"', f'"{"x" * 201}"', "at most 200 characters"),
    "unknown group": ('"(?P<status>[A-Z]+)"', '"(?P<state>[A-Z]+)"', "a group 'state' means nothing"),
    "number without unit": (", reads: {amplitude: mA}", "", "in which unit is the group 'amplitude'"),
    "unit of no group": ("reads: {amplitude: mA}", "reads: {amplitude: mA, rate: Hz}", "no group 'rate' that is a"),
    "wrong unit read": ("reads: {amplitude: mA}", "reads: {amplitude: ms}", "'ms' is not a unit of ampere"),
    "no stop": ("  stop: [halt, state]\n", "", "the required key 'stop' is missing"),
    "empty stop": ("stop: [halt, state]", "stop: []", "at least 1 value"),
    "stop unanswered": ("{send: HALT, reply: OK}", "{send: HALT}", None),
    "unknown command": ("stop: [halt, state]", "stop: [halt, stat]", "no command 'stat'"),
    "a stop that needs settings": ("{send: HALT, reply: OK}", '{send: "HALT {channel}", reply: OK}', "before anything"),
    "a command nobody sends": ("reset: [restart]", "reset: [halt]", "this command is in no sequence"),
    "a setting nobody sends": ("[channel, shape, polarity, amp", "[shape, polarity, amp", "several values, and no"),
    "steps that do not fit": ("step: 0.1 mA", "step: 0.3 mA", "no number of steps leads"),
    "no steps": (", step: 0.1 mA", "", "a 'step' is missing"),
    "the wrong way round": ("least: 0 mA, most: 100 mA", "least: 100 mA, most: 0 mA", "'most' is less than 'least'"),
    "no rate": ("  rate: {least: 1 Hz, most: 500 Hz, step: 0.1 Hz}\n", "", "either 'rate' or 'period'"),
    "unknown shape": ("shape: {monophasic", "shape: {mono", "mono"),
    "unknown state": ("RUNNING: running", "RUNNING: runs", "'running', 'off' or 'fault'"),
    "keep-alive of nothing": ("command: ping", "command: pong", "no command 'pong'"),
    "keep-alive at once": ("interval: 1 s", "interval: 0 s", "must be positive"),
    "error without group": ("{number}: {text}", "{number}: {txt}", "the pattern has no group 'txt'"),
    "who is there": (
        "(?P<manufacturer>[^,]+),(?P<model>[^,]+),(?P<serial>[^,]+),(?P<firmware>[^,]+)",
        ".*",
        "any device",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_every_mistake_of_a_description_is_told_with_its_place(name: str, tmp_path: Path) -> None:
    old, new, message = MISTAKES[name]
    if message is None:  # halt is answered by the state that follows
        described(tmp_path, (old, new))
        return
    with pytest.raises(DocumentInvalid) as caught:
        described(tmp_path, (old, new))
    told = [problem for problem in caught.value.problems if message in problem.message]
    assert told, str(caught.value)
    assert told[0].line > 1
    assert told[0].column >= 1


def test_a_mistake_is_shown_at_its_line_and_column(tmp_path: Path) -> None:
    path = changed(tmp_path, ("{amplitude:mA:.1f}", "{amplitude:mV:.1f}"))
    lines = path.read_text(encoding="utf-8").splitlines()
    number, line = next((k, text) for k, text in enumerate(lines, 1) if "amplitude:mV" in text)
    with pytest.raises(DocumentInvalid) as caught:
        read_dialogue(path)
    assert f"{path}:{number}:{line.index('send: ') + 7}: commands.amplitude.send: " in str(caught.value)


def test_a_stop_that_nobody_answers_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(DocumentInvalid, match="nobody would know whether the device has heard"):
        described(tmp_path, ("{send: HALT, reply: OK}", "{send: HALT}"), ("stop: [halt, state]", "stop: [halt]"))


def test_the_guide_shows_the_shipped_description() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "text-devices.md").read_text(encoding="utf-8")
    shipped = FILE.read_text(encoding="utf-8")
    assert shipped[shipped.index("dialogue:") :] in guide
