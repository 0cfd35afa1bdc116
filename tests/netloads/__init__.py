"""Loads of known size on the network, as `tests/loads.py` has them for the rest. They start at once, and run under the
same name::

    dtrans run script.d -c "python3 tests/netloads tcp 127.0.0.1 7777 3 100"
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path


def checksum(data: bytes) -> int:
    """The Internet's checksum (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def command(kind: str, *arguments: int | str | Path) -> list[str]:
    """The command line of a load."""
    return [sys.executable, "-S", "-E", str(Path(__file__).resolve().parent), kind, *map(str, arguments)]
