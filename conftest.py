"""Registers the rig's pytest plugin."""

pytest_plugins = ["rig.harness.plugin"]
