"""The C functions of `templates/c`: those asked for and those they need, in order.

A file opens with ``// needs: word strlen`` and perhaps ``// steps: 450`` and ``// layout: OFF_path__mnt = offset
"struct path" mnt`` lines: see templates/c/README.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from dtrans.artifact import Layout
from dtrans.data import data_dir
from dtrans.files import read_text
from dtrans.values import dataclass

_LAYOUT = re.compile(r'// layout(\??): (\w+) = (\w+) "([^"]+)"(?: (\S+))?')


@dataclass(frozen=True, slots=True)
class LibraryFile:
    """`steps` are the verifier's for strings of 256 bytes: of a search those for a short string, and those for each
    byte of a longer one."""

    needs: tuple[str, ...]
    steps: tuple[int, ...]
    layouts: tuple[Layout, ...]
    text: str


@cache
def library_file(name: str) -> LibraryFile:
    """One file of the library, its header lines read."""
    needs: tuple[str, ...] = ()
    steps: tuple[int, ...] = ()
    layouts: list[Layout] = []
    lines = read_text(f"{data_dir('templates')}/c/{name}.h").splitlines()
    while lines:
        line = lines[0]
        found = _LAYOUT.match(line)
        if line.startswith("// needs:"):
            needs = tuple(line.removeprefix("// needs:").split())
        elif line.startswith("// steps:"):
            steps = tuple(map(int, line.removeprefix("// steps:").split()))
        elif found:
            layouts.append(Layout(found[2], found[3], found[4], found[5] or "", optional=found[1] == "?"))  # type: ignore[arg-type]
        else:
            break
        del lines[0]
    return LibraryFile(needs, steps, tuple(layouts), "\n".join(lines))


def collect(names: Iterable[str]) -> tuple[list[str], list[Layout]]:
    """The texts of some files after those of all they need, and the layouts that they use."""
    order: list[str] = []

    def visit(name: str) -> None:
        if name in order:
            return
        for need in library_file(name).needs:
            visit(need)
        order.append(name)

    for name in sorted(names):
        visit(name)
    files = [library_file(name) for name in order]
    return [file.text for file in files], [layout for file in files for layout in file.layouts]
