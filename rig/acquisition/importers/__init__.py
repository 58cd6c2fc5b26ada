"""Oscilloscope files as waveforms: Siglent binary, and CSV as Keysight, Tektronix, Rigol and Siglent export it."""

from rig.acquisition.importers.capture_file import ImportedCapture, read_capture_file

__all__ = ["ImportedCapture", "read_capture_file"]
