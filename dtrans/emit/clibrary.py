"""The C functions of `templates/c`: those asked for and those they need, in order.

A file opens with ``// needs: word strlen`` and perhaps ``// layout: OFF_path__mnt = offset "struct path" mnt`` lines.
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
    needs: tuple[str, ...]
    layouts: tuple[Layout, ...]
    text: str


@cache
def library_file(name: str) -> LibraryFile:
    """One file of the library, its header lines read."""
    needs: tuple[str, ...] = ()
    layouts: list[Layout] = []
    lines = read_text(f"{data_dir('templates')}/c/{name}.h").splitlines()
    while lines:
        line = lines[0]
        found = _LAYOUT.match(line)
        if line.startswith("// needs:"):
            needs = tuple(line.removeprefix("// needs:").split())
        elif found:
            layouts.append(Layout(found[2], found[3], found[4], found[5] or "", optional=found[1] == "?"))  # type: ignore[arg-type]
        else:
            break
        del lines[0]
    return LibraryFile(needs, tuple(layouts), "\n".join(lines))


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
