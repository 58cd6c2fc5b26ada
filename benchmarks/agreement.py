"""How often a healthy bench is stopped because its two instruments disagree, and how often a wrong one is.

    python -m benchmarks.agreement --benches 1000

Draws benches at random, lets the oscilloscope and the digitizer see the same train, and compares them as a run does.
``stated``: all errors that the files state are drawn as well, the oscilloscope's gain between 0.01 % and 2 %;
``shipped``: the virtual bench as it comes with the project, 2 %; ``calibrated``: the same, its oscilloscope's gain
calibrated to 0.25 %.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.page import table
from benchmarks.random_benches.channel import Channel, current_channel, voltage_channel
from benchmarks.random_benches.stated import shipped
from benchmarks.random_benches.trains import TRAINS, Plan, drawn
from rig.analysis.measure import Analysis, measure
from rig.bench.bench_file import TwinEntry
from rig.bench.definition import BenchDefinition
from rig.sequencer.agreement import Agreement, compare
from rig.sequencer.choice import EITHER
from rig.sequencer.twin_configuration import twin_configuration
from rig.twin.config import TwinConfig
from rig.twin.world import World

__all__ = ["BENCHES", "WRONG", "Result", "result"]

BENCHES = ("stated", "shipped", "calibrated")
WRONG = ("nothing", "probe factor", "load", "relay", "sense resistor 1 %", "sense resistor 5 %")
SEED = 20261122

_ZERO_AT, _BEGIN = 0.01, 1.0
_POINTS = 100_000
_PERIODS = 2.5
# Where the load is another than the files say, the oscilloscope's range has been widened.
_ROOM = 2.2


@dataclass(frozen=True, kw_only=True)
class Result:
    """One bench: what was compared, nothing where the instruments saw no pulse in common."""

    agreements: tuple[Agreement, ...]

    @property
    def stopped(self) -> bool:
        """Whether the instruments exclude each other."""
        return any(one.e_n > 1 for one in self.agreements)


def result(bench: str, wrong: str, number: int, *, seed: int = SEED) -> Result:
    """Draw one bench with one thing wrong, and compare its instruments."""
    rng = np.random.default_rng([seed, BENCHES.index(bench), number])
    plan = drawn(TRAINS["biphasic" if number % 2 else "monophasic"], rng)
    if bench != "stated":
        plan = replace(plan, definition=_shipped(bench, rng), interval=1e-6)
    document = twin_configuration(plan.definition, plan.device)
    if wrong.startswith("sense"):
        document["sense"]["resistance"] *= 1.05 if "5" in wrong else 1.01
    config = TwinConfig.model_validate(document)
    world = World(config)
    world.switch(_relays(plan, wrong))
    world.advance_to(_BEGIN)
    world.begin(plan.train)
    channels = _channels(plan, config, wrong)
    analyses = {one.path.signal: _seen(plan, world, config, one, wrong) for one in channels}
    load = plan.definition.loads[plan.load]
    return Result(agreements=compare(analyses["voltage"], analyses["current"], load))


def _shipped(bench: str, rng: np.random.Generator) -> BenchDefinition:
    """Return the virtual bench with true errors of its own, its oscilloscope's gain calibrated more closely or not."""
    definition, _device = shipped()
    seeded = definition.file.model_copy(update={"twin": TwinEntry(seed=int(rng.integers(2**31)))})
    record = definition.calibrations["scope"]
    gain = {"gain": 0.0025} if bench == "calibrated" else {}
    channels = {name: channel.model_copy(update=gain) for name, channel in record.channels.items()}
    calibrations = {**definition.calibrations, "scope": record.model_copy(update={"channels": channels})}
    return replace(definition, file=seeded, calibrations=calibrations)


def _relays(plan: Plan, wrong: str) -> frozenset[int]:
    if wrong == "relay":
        return frozenset()
    other = "500 ohm" if plan.load == "1 kohm" else "1 kohm"
    return frozenset(plan.definition.relays[other if wrong == "load" else plan.load])


def _channels(plan: Plan, config: TwinConfig, wrong: str) -> tuple[Channel, Channel]:
    load = plan.definition.loads[plan.load]
    window = _PERIODS * plan.stimulus.period
    return (
        current_channel(plan.definition, config, load, interval=plan.interval, samples=plan.samples),
        voltage_channel(
            plan.definition,
            config,
            load,
            interval=window / _POINTS,
            samples=_POINTS,
            full_scale=(_ROOM if wrong == "load" else 1.0) * plan.full_scale,
        ),
    )


def _seen(plan: Plan, world: World, config: TwinConfig, channel: Channel, wrong: str) -> Analysis:
    current = channel.path.signal == "current"
    first = _BEGIN + config.device.latency
    start = first - (plan.lead if current else 0.1 * _PERIODS * plan.stimulus.period)
    signal = channel.acquired(world, start, plan.samples if current else _POINTS, 1)
    if wrong == "probe factor" and not current:
        signal = signal.rescaled(gain=0.5, offset=0.0, unit=signal.unit, note="read with the factor of another probe")
    return measure(
        signal,
        path=channel.path,
        zero=channel.acquired(world, _ZERO_AT, 50_000, 0) if current else None,
        expected=plan.stimulus,
        load_resistance=plan.definition.loads[plan.load].resistance,
        electrode_area=None,
        capture="trial",
        wanted=dict.fromkeys((*EITHER, "rms_current")) if current else ("phase_top", "phase_duration"),
    )


def _rows(benches: int, seed: int) -> Iterator[tuple[str, ...]]:
    with ProcessPoolExecutor() as pool:
        for bench in BENCHES:
            for wrong in WRONG:
                number = benches if wrong == "nothing" else max(benches // 10, 1)
                jobs = [pool.submit(result, bench, wrong, one, seed=seed) for one in range(number)]
                results = [job.result() for job in jobs]
                yield (bench, wrong, str(number), *_shares(results))


def _shares(results: Sequence[Result]) -> tuple[str, str, str]:
    stopped = sum(one.stopped for one in results) / len(results)
    unseen = sum(not one.agreements for one in results) / len(results)
    largest = max((each.e_n for one in results for each in one.agreements), default=0.0)
    return f"{stopped:.1%}", f"{unseen:.1%}", f"{largest:.2f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benches", type=int, default=1000, help="healthy ones of each kind; a tenth of wrong ones")
    parser.add_argument("--seed", type=int, default=SEED)
    chosen = parser.parse_args()
    head = ("bench", "wrong is", "benches", "stopped", "nothing in common", "largest E_n")
    print(table(head, list(_rows(chosen.benches, chosen.seed))))


if __name__ == "__main__":
    main()
