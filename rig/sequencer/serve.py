"""``rig twin serve``: the virtual instruments, kept running for any client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.bench.drivers.system_clock import SystemClock
from rig.errors import Refused
from rig.sequencer.setup import RunOptions, read_setup
from rig.sequencer.twin_configuration import twin_configuration
from rig.sequencer.virtual import virtual_bench

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["serve_twin"]

_PAUSE = 0.5


def serve_twin(options: RunOptions, ports: str, say: Callable[[str], object]) -> None:
    """Start the virtual bench, say one line per instrument, and stay until interrupted."""
    setup = read_setup(options)
    if not setup.definition.virtual:
        raise Refused(f"{setup.definition.id} is not a virtual bench")
    configuration = twin_configuration(
        setup.definition, setup.device, real_time=options.real_time, ports=_read_ports(ports)
    )
    clock = SystemClock()
    with virtual_bench(configuration) as served:
        try:
            for line in served.lines:
                say(line)
            while served.running():
                clock.sleep(_PAUSE)
        except KeyboardInterrupt:
            say("stopped")


def _read_ports(text: str) -> dict[str, int]:
    """Read ``scope=5025,switch=5026``."""
    ports: dict[str, int] = {}
    for part in filter(None, text.split(",")):
        name, _, number = part.partition("=")
        if not number.strip().isdigit():
            raise Refused(f"--ports: {part!r} is not of the form name=number, for example scope=5025")
        ports[name.strip()] = int(number)
    return ports
