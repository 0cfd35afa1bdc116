"""dtrans runs DTrace's D programs on Linux, through eBPF."""

__version__ = "0.1.0"
