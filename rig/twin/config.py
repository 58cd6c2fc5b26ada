"""What the virtual bench is made of, as the JSON document that starts it says; SI floats throughout."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

__all__ = [
    "DeviceConfig",
    "DeviceFault",
    "DrivenConfig",
    "IdentityConfig",
    "InstrumentConfig",
    "InstrumentFault",
    "LoadConfig",
    "RangeConfig",
    "SenseConfig",
    "SupplyConfig",
    "TwinConfig",
]

_Halfwidth = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Section(BaseModel):
    """Strict and frozen: an unknown key is a mistake, not a wish."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class IdentityConfig(_Section):
    """What an instrument answers when asked who it is."""

    manufacturer: str
    model: str
    serial: str
    firmware: str


class DeviceFault(_Section):
    """A defect of the stimulator.

    ``every`` N strikes the Nth, 2Nth, … pulse of a train only; without it every pulse (for ``missing_pulse`` and
    ``extra_pulse``: every second). What ``value`` means:

    =======================  =========================================================================
    amplitude_gain           factor on the current (1.25: a quarter too much)
    second_phase_imbalance   relative excess of the current of the phase opposite to the first (0.1)
    dc_leak                  direct current added from the start to the stop of a train, A
    pulse_width_error        relative excess of every phase's duration (0.15)
    rate_error               relative excess of the pulse rate (0.05)
    missing_pulse            not used
    extra_pulse              delay of the additional pulse as a part of the period (0.5 when not given)
    polarity_flip            not used
    stuck_on                 not used: once started, only a new train or the loss of its supply ends the pulses
    droop                    part of the current lost from the begin to the end of a phase (0.1)
    coarse_steps             the current comes in whole multiples of this only, A
    ignores_stop             not used: a stop command is acknowledged, the pulses go on as long as without it
    slow_stop                how long the pulses go on after a stop command, s
    late_start               what is added to the latency, s
    no_timeout               not used: the pulses do not end when nobody keeps them alive
    slow_timeout             how much longer than it should the device waits for a sign of life, s
    reconnect_surge          factor on the first pulse after an open circuit that a pulse of the same train met,
                             falling straight to 1 within ``every`` (or 10) pulses (1.5)
    power_up_pulse           current of one pulse of 1 ms, one phase, when the device has booted after power came, A
    reset_pulse              the same, as long after a reset command as the device takes to boot, A
    supply_sensitive         relative change of the current per relative change of the supply voltage (1)
    short_circuit_latch      not used: a load below 20 ohm ends the pulses, until a train is started again
    =======================  =========================================================================
    """

    kind: Literal[
        "amplitude_gain",
        "second_phase_imbalance",
        "dc_leak",
        "pulse_width_error",
        "rate_error",
        "missing_pulse",
        "extra_pulse",
        "polarity_flip",
        "stuck_on",
        "droop",
        "coarse_steps",
        "ignores_stop",
        "slow_stop",
        "late_start",
        "no_timeout",
        "slow_timeout",
        "reconnect_surge",
        "power_up_pulse",
        "reset_pulse",
        "supply_sensitive",
        "short_circuit_latch",
    ]
    value: float | None = None
    every: PositiveInt | None = None
    shape: Literal["linear", "exponential"] = "linear"
    """How the current falls within a phase; for ``droop`` alone."""


class InstrumentFault(_Section):
    """A defect of an instrument: strikes after so many operations that it could have struck, so many times.

    Of an interlock or load switch, while the command is what is reported: ``stuck_closed`` leaves contacts closed when
    they should open, ``stuck_open`` open when they should close, and ``wrong_relay`` closes the one with the next
    number instead; ``mute`` neither does nor answers anything, though a timer that runs goes on running. A card that is
    ``unplugged`` while it is read stays so, without power: its outputs are at rest.
    """

    kind: Literal[
        "timeout",
        "truncated_block",
        "stale_waveform",
        "no_trigger",
        "clipped",
        "samples_lost",
        "dropped_connection",
        "wrong_identity",
        "stuck_closed",
        "stuck_open",
        "wrong_relay",
        "mute",
        "unplugged",
    ]
    after: Annotated[int, Field(ge=0)] = 0
    times: PositiveInt | None = None
    """How often it strikes; without it, for ever."""


class SupplyConfig(_Section):
    """What the stimulator must be supplied with: nominal and least voltage, V; ``idle_current`` is what it draws, A."""

    voltage: PositiveFloat
    minimum: PositiveFloat
    idle_current: PositiveFloat = 0.1

    @model_validator(mode="after")
    def _nominal_is_enough(self) -> Self:
        if self.minimum > self.voltage:
            msg = "the least voltage is above the nominal one"
            raise ValueError(msg)
        return self


class DeviceConfig(_Section):
    """The stimulator.

    ``compliance`` is the greatest voltage at its terminals, V; ``rise_time`` runs from 10 % to 90 % of a straight
    transition, s; ``interphase_leak`` flows in the direction of the first phase while a point of a pulse is zero, A.
    The half widths bound what is drawn for a healthy device: relative gain, relative difference of the two phases,
    and the relative error of its clock. With a ``supply``, and an instrument that ``powers`` it, the device is off
    until that gives it enough voltage, and silent for the ``boot_time`` after that, s; otherwise it is always on.
    """

    identity: IdentityConfig
    compliance: PositiveFloat = 150.0
    rise_time: PositiveFloat = 3e-6
    interphase_leak: float = 0.0
    gain_error: _Halfwidth = 0.004
    phase_mismatch: _Halfwidth = 0.002
    timebase_error: _Halfwidth = 10e-6
    latency: PositiveFloat = 2e-3
    wired_channel: Annotated[int, Field(ge=1, le=8)] = 1
    supply: SupplyConfig | None = None
    boot_time: PositiveFloat = 0.5
    faults: tuple[DeviceFault, ...] = ()


class LoadConfig(_Section):
    """One position of the load box: R, or ``series_resistance`` + (R ‖ C).

    Uncertainties are standard, from which a true value is drawn; ``uncertainty`` is that of R, ohm.
    """

    resistance: PositiveFloat
    uncertainty: _Halfwidth = 0.0
    relays: Annotated[tuple[int, ...], Field(min_length=1)]
    parallel_capacitance: PositiveFloat | None = None
    series_resistance: PositiveFloat | None = None
    capacitance_uncertainty: _Halfwidth = 0.0
    series_uncertainty: _Halfwidth = 0.0


class SenseConfig(_Section):
    """The resistor in series, across which the current is measured; ``uncertainty`` is standard, ohm."""

    resistance: PositiveFloat = 10.0
    uncertainty: _Halfwidth = 0.0


class RangeConfig(_Section):
    """How well an instrument sees in one range, ``full_scale`` V peak to peak; otherwise as of the instrument."""

    full_scale: PositiveFloat
    gain_error: _Halfwidth = 0.0
    offset_error: _Halfwidth = 0.0
    offset_of_range: _Halfwidth = 0.0
    offset_drift: _Halfwidth = 0.0
    drift_of_range: _Halfwidth = 0.0
    noise: _Halfwidth = 0.0
    noise_of_range: _Halfwidth = 0.0
    bandwidth: PositiveFloat | None = None


class DrivenConfig(_Section):
    """A stimulator without an interface, driven by a card's outputs: its current is ``gain`` (A/V) times a voltage.

    Without a ``trigger`` the current follows the voltage at the ``demand`` output all the time. With one, it flows
    while that counter output is high; or, with a ``phase_duration`` (s), each of its rising edges begins a pulse as the
    stimulator's own front panel has it: of one phase, or with a second, opposite one after the ``interphase`` (s).
    """

    gain: PositiveFloat
    demand: str = "ao0"
    trigger: str | None = "ctr0"
    phase_duration: PositiveFloat | None = None
    interphase: _Halfwidth = 0.0
    biphasic: bool = False


class InstrumentConfig(_Section):
    """One instrument: its protocol, where it listens (``hislip``: there as well), what it sees, and how well.

    ``inputs`` names the node seen by each input. ``gain_error`` (relative), ``offset_error`` (V, at the point that the
    input's numbers speak of), ``offset_of_range`` (relative to full scale) and ``timebase_ppm`` are half widths of
    rectangular distributions, from which one value is drawn; ``noise`` (V), ``noise_of_range`` and ``jitter`` (s) are
    standard deviations. ``offset_drift`` (V) and ``drift_of_range`` (relative to full scale) bound the offset's change
    from one acquisition to any other. ``bandwidth`` is that of a single pole, Hz. ``input_resistance`` (ohm, with its
    probe) of an instrument that sees ``voltage`` lies in parallel with whatever load is connected. With ``ranges`` each
    has errors of its own, drawn from what is stated for it; other ranges than these have those of the nearest.
    ``contact`` makes the instrument the bench's interlock: the relay, channel or line that closes its contact.
    ``powers`` is the output of a supply that feeds the device. ``drives`` is the device where a card's outputs
    drive it. ``options`` and ``table`` are what the protocol's own module says of them.
    """

    protocol: str
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    identity: IdentityConfig | None = None
    device: str | None = None
    input_resistance: PositiveFloat | None = None
    pty: bool = False
    hislip: bool = False
    inputs: dict[str, str] = Field(default_factory=dict)
    gain_error: _Halfwidth = 0.0
    offset_error: _Halfwidth = 0.0
    offset_of_range: _Halfwidth = 0.0
    offset_drift: _Halfwidth = 0.0
    drift_of_range: _Halfwidth = 0.0
    noise: _Halfwidth = 0.0
    noise_of_range: _Halfwidth = 0.0
    jitter: _Halfwidth = 0.0
    timebase_ppm: _Halfwidth = 0.0
    bandwidth: PositiveFloat | None = None
    bits: Annotated[int, Field(ge=4, le=24)] | None = None
    memory: PositiveInt | None = None
    ranges: tuple[RangeConfig, ...] = ()
    contact: str | None = None
    powers: Annotated[int, Field(ge=1, le=4)] | None = None
    drives: DrivenConfig | None = None
    options: dict[str, bool | int | float | str] = Field(default_factory=dict)
    table: dict[str, object] = Field(default_factory=dict)
    faults: tuple[InstrumentFault, ...] = ()


class TwinConfig(_Section):
    """The whole virtual bench; ``divider`` is what ``voltage_divided`` is smaller by than ``voltage``."""

    seed: Annotated[int, Field(ge=0)] = 0
    real_time: bool = False
    device: DeviceConfig
    loads: dict[str, LoadConfig] = Field(default_factory=dict)
    sense: SenseConfig = SenseConfig()
    divider: PositiveFloat = 20.0
    instruments: dict[str, InstrumentConfig] = Field(default_factory=dict)

    @property
    def fed(self) -> bool:
        """Whether an instrument feeds the device."""
        return self.device.supply is not None and any(one.powers is not None for one in self.instruments.values())

    @model_validator(mode="after")
    def _one_feeds(self) -> Self:
        feeding = [name for name, one in self.instruments.items() if one.powers is not None]
        if len(feeding) > 1:
            msg = f"only one instrument can power the device, not {' and '.join(feeding)}"
            raise ValueError(msg)
        return self
