"""The forms by name, with a title each."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.random_benches import current_forms, cycle_forms, pulse_forms
from benchmarks.random_benches.form_trial import DrawnForm

__all__ = ["FORMS"]

FORMS: Mapping[str, tuple[str, DrawnForm]] = {
    "passive": ("monophasic, recovered exponentially", pulse_forms.passive_recovery),
    "coupled": ("monophasic through a series capacitor, the baseline below zero", pulse_forms.capacitor_coupled),
    "asymmetric": ("biphasic asymmetric, with an interphase interval", pulse_forms.asymmetric),
    "noisy": ("biphasic, signal-to-noise ratio 20 dB to 26 dB", pulse_forms.noisy),
    "ringing": ("biphasic, ringing", pulse_forms.ringing),
    "amplitude": ("biphasic, modulated in amplitude", pulse_forms.amplitude_modulated),
    "width": ("biphasic, modulated in width", pulse_forms.width_modulated),
    "doublets": ("doublets and triplets", cycle_forms.doublets),
    "ramps": ("on and off in straight ramps", cycle_forms.straight_ramps),
    "curved": ("on and off in curved ramps", cycle_forms.curved_ramps),
    "russian": ("bursts of a sine of 2.5 kHz", current_forms.russian),
    "interferential": ("two carriers of 4 kHz that beat", current_forms.interferential),
    "sine": ("continuous sine, on a direct current or not", current_forms.sine),
    "direct": ("direct current", current_forms.direct),
    "rate": ("biphasic, modulated in rate", pulse_forms.rate_modulated),
}
