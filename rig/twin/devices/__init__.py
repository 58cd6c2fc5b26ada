"""The virtual instruments, one module per wire protocol."""
