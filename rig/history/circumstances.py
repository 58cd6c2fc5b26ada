"""Under what two runs were made: device, bench, instruments, loads, plans, limits, software and surroundings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.history.difference import Circumstance

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rig.history.results import InstrumentRow, LoadRow, Results, RunRow

__all__ = ["circumstances"]

_SHORT = 12  # letters of a hash that tell it from others


def circumstances(before: Results, after: Results) -> Iterator[Circumstance]:
    """Yield everything that was otherwise, in words that can stand in a table."""
    yield from _differences(_of_run(before.run), _of_run(after.run))
    yield from _differences(
        {f"instrument {one.name}": _instrument(one) for one in before.instruments},
        {f"instrument {one.name}": _instrument(one) for one in after.instruments},
    )
    yield from _differences(
        {f"load {one.name}": _load(one) for one in before.loads},
        {f"load {one.name}": _load(one) for one in after.loads},
    )
    yield from _differences(
        {f"plan {one.id}": _file(f"revision {one.revision}", one.sha256) for one in before.plans},
        {f"plan {one.id}": _file(f"revision {one.revision}", one.sha256) for one in after.plans},
    )
    yield from _differences(
        {f"limits {one.id}": _file(one.edition, one.sha256) for one in before.packs},
        {f"limits {one.id}": _file(one.edition, one.sha256) for one in after.packs},
    )
    yield from _differences(
        {f"package {name}": version for name, version in before.run.packages.items()},
        {f"package {name}": version for name, version in after.run.packages.items()},
    )


def _differences(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Circumstance]:
    for what in dict.fromkeys((*after, *before)):
        was, now = before.get(what, ""), after.get(what, "")
        if was != now:
            yield Circumstance(what=what, before=was, after=now)


def _of_run(run: RunRow) -> dict[str, str]:
    return {
        "device": " ".join(filter(None, (run.device_manufacturer, run.device_model, run.device_serial))),
        "firmware of the device": run.device_firmware,
        "bench": f"{run.bench}{', virtual' if run.virtual else ''}",
        "operator": run.operator,
        "end of the run": run.end_reason.replace("_", " "),
        "engineering only": "; ".join(run.engineering_only),
        "deviations": "; ".join(run.deviations),
        "temperature": _stated(run.temperature, run.temperature_uncertainty, 1.0, "degC"),
        "relative humidity": _stated(run.humidity, run.humidity_uncertainty, 100.0, "%"),
        "software": _software(run),
        "Python": run.python,
        "computer": run.platform,
    }


def _software(run: RunRow) -> str:
    commit = f" {run.software_commit[:_SHORT]}" if run.software_commit else ""
    return f"{run.software_version}{commit}{', modified' if run.software_modified else ''}"


def _stated(value: float | None, uncertainty: float | None, factor: float, unit: str) -> str:
    if value is None:
        return ""
    beside = "" if uncertainty is None else f" ± {factor * uncertainty:.2g}"
    return f"{factor * value:.6g}{beside} {unit}"


def _instrument(one: InstrumentRow) -> str:
    identity = " ".join(filter(None, (one.manufacturer, one.model, one.serial))) or one.driver
    firmware = f", firmware {one.firmware}" if one.firmware else ""
    calibration = f", calibration {one.certificate} of {one.calibrated}" if one.certificate else ""
    return f"{identity}{firmware}{calibration}"


def _load(one: LoadRow) -> str:
    value = "open" if one.resistance is None else f"{one.resistance:.9g} ± {one.uncertainty:.3g} ohm"
    return value + (f", calibration {one.certificate}" if one.certificate else "")


def _file(said: str, sha256: str) -> str:
    return f"{said}, {sha256[:_SHORT]}"
