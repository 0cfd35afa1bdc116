"""Runs a load: ``python3 tests/netloads KIND ARGUMENT ...``."""

import ctypes
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])

from tests.netloads import connections, ends, routes  # noqa: E402 (where they are was not known before)

if __name__ == "__main__":
    ctypes.CDLL(None).prctl(15, b"dtransload", 0, 0, 0)  # PR_SET_NAME
    kinds = {**ends.KINDS, **routes.KINDS, **connections.KINDS}
    kinds[sys.argv[1]](*sys.argv[2:])
