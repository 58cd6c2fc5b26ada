"""Files of oscilloscopes and data acquisition systems as waveforms; docs/files.md names what is read."""

from rig.acquisition.importers.capture_file import ImportedCapture, read_capture_file
from rig.acquisition.importers.found import Told

__all__ = ["ImportedCapture", "Told", "read_capture_file"]
