"""C programs that tests make and trace: built once, with the functions and probes that the test's text has."""

from __future__ import annotations

import subprocess
from pathlib import Path


def compiled(folder: Path, name: str, text: str, *flags: str) -> Path:
    """An executable (or with ``-shared`` a library) made from a C text, not optimised away: functions are never
    inlined."""
    source, target = folder / f"{name}.c", folder / name
    source.write_text(text)
    common = ["-O1", "-fno-inline", "-fno-optimize-sibling-calls", "-fno-ipa-icf", "-fno-ipa-ra", "-w"]
    subprocess.run(["gcc", *common, *flags, "-o", target, source, "-lpthread", "-ldl"], check=True)
    return target
