"""Pure functions from waveforms to measurements."""
