"""Hardware-in-the-loop test and safety-validation rig for neuromuscular electrical stimulators."""

__version__ = "0.1.0"
__all__ = ["__version__"]
