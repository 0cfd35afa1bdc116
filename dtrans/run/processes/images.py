"""What processes have mapped, from exec to exec, and when they are gone: where an address of a process belongs.

An *image* is what a process has in memory between one exec and the next; a child that does not exec has its parent's.
What is mapped while tracing runs is told by the kernel (`dtrans.run.processes.sideband`). What was mapped before is
read from /proc/PID/maps, of all processes when tracing begins (`Images.survey`), since they too may be gone when it is
asked for.
Where the kernel tells nothing, /proc is read when an address is asked for, and again for one that it lacked.

    Executed(10, 7), Mapped(11, 7, ls), Executed(20, 7), Mapped(21, 7, sh)   ->   7: [Image(10, ls), Image(20, sh)]
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from dtrans.run.processes.sideband import CodeMapping, Executed, Exited, Forked, Happening, Mapped
from dtrans.values import dataclass, field

#: Seconds after which /proc is read again for an address of a living process that it lacked, at first and later: a new
#: process maps its libraries in its first milliseconds, and may have ended soon after.
_FIRST_MAP_AGE, _MAP_AGE = 0.001, 0.5
#: The same where a stack is to end there.
_LEAST_MAP_AGE = 0.01
#: How many processes that have ended are remembered.
_MOST_ENDED = 10_000


@dataclass(slots=True, eq=False)
class Image:
    """One image of a process, since a time in nanoseconds; 0: since before tracing began.

    `origin` is the image that it was forked from, and has all of (`inherits`), or that exec replaced. `text` holds what
    of /proc/PID/maps was read and not looked at yet.
    """

    pid: int
    since: int
    origin: Image | None = None
    inherits: bool = False
    alive: bool = True
    text: str = ""
    mappings: list[CodeMapping] = field(default_factory=list)
    _read_at: float = -1.0
    _age: float = _FIRST_MAP_AGE

    def find(self, address: int) -> CodeMapping | None:
        """Where an address belongs. Of two mappings of it, the one that came later."""
        found = self._known(address)
        if found is None and self.alive and time.monotonic() - self._read_at > self._age:
            self.read()
            self._age = min(self._age * 2, _MAP_AGE)
            found = self._known(address)
        if found is None and self.inherits and self.origin is not None:
            found = self.origin.find(address)
        return found

    def may_run(self, address: int) -> bool:
        """Whether there may be code at an address: False where all that there is is known, and that is not. A program
        that makes code itself may have made more than was told of."""
        if self.find(address) is not None:
            return True
        known = list(self._all())
        if not known or any(each.is_anonymous for each in known):
            return True
        if self.alive and time.monotonic() - self._read_at > _LEAST_MAP_AGE:
            self.read()
            return self.find(address) is not None
        return False

    def _all(self) -> Iterator[CodeMapping]:
        yield from self.mappings
        if self.inherits and self.origin is not None:
            yield from self.origin._all()

    def _known(self, address: int) -> CodeMapping | None:
        if self.text:
            self.mappings[:0] = _parse_maps(self.text)
            self.text = ""
        return next((each for each in reversed(self.mappings) if each.start <= address < each.end), None)

    def read(self) -> None:
        """Reads /proc/PID/maps; of a process that has ended, what is known stays."""
        self._read_at = time.monotonic()
        with contextlib.suppress(OSError):
            # An ended process that its parent has not asked for has an empty map.
            text = Path(f"/proc/{self.pid}/maps").read_text(errors="surrogateescape")
            if text:
                self.text = text
                self.mappings.clear()

    def files(self, mapping: CodeMapping) -> Iterator[Path]:
        """Where to look for a mapped file.

        Below the root of the process or of the one that it came from, since they may be in a container; by the mapping
        itself, which has it when it was deleted; and here.
        """
        image: Image | None = self
        while image is not None:
            if image.alive:
                yield Path(f"/proc/{image.pid}/root{mapping.path}")
                yield Path(f"/proc/{image.pid}/map_files/{mapping.start:x}-{mapping.end:x}")
            image = image.origin
        yield Path(mapping.path)


def lasting(path: Path, name: str) -> Path:
    """A mapped file by its own name where that is the same file: it is read later, and a path below /proc is gone with
    the process."""
    with contextlib.suppress(OSError):
        if os.path.samefile(path, name):
            return Path(name)
    return path


def _parse_maps(text: str) -> list[CodeMapping]:
    mappings = []
    for line in text.splitlines():
        extent, permissions, offset, _, inode, *path = line.split(maxsplit=5)
        if "x" in permissions:
            start, _, end = extent.partition("-")
            name = path[0] if path else ""
            mappings.append(CodeMapping(int(start, 16), int(end, 16), int(offset, 16), name, int(inode)))
    return mappings


class Images:
    """The images of all processes that were told of or asked for."""

    def __init__(self) -> None:
        self._images: dict[int, list[Image]] = {}
        self._ended: deque[int] = deque()

    def survey(self) -> None:
        """Reads what all processes have mapped now."""
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) not in self._images:
                self.image(int(name)).read()

    def image(self, pid: int, since: int | None = None) -> Image:
        """The image that began at a time or just before, by default the present one."""
        images = self._images.setdefault(pid, [])
        if not images:
            images.append(Image(pid, 0))
        if since is None:
            return images[-1]
        return next((each for each in reversed(images) if each.since <= since), images[0])

    def take(self, happened: list[Happening]) -> None:
        """Takes in what the kernel told, in order of time."""
        for each in happened:
            match each:
                case Mapped(_, pid, mapping):
                    self.image(pid).mappings.append(mapping)
                case Executed(when, pid):
                    before = self.image(pid)
                    before.alive = False
                    self._images[pid].append(Image(pid, when, before))
                case Forked(_, pid, parent):
                    # The number may have been another process's before.
                    self._images[pid] = [Image(pid, 0, self.image(parent), inherits=True)]
                case Exited(_, pid):
                    self._end(pid)

    def _end(self, pid: int) -> None:
        if pid not in self._images:
            return
        self._images[pid][-1].alive = False
        self._ended.append(pid)
        if len(self._ended) > _MOST_ENDED:
            oldest = self._ended.popleft()
            images = self._images.get(oldest, [])
            if images and not images[-1].alive:
                del self._images[oldest]
