"""One module per protocol of a device under test."""
