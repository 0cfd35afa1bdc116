"""Artifacts, records and maps made by hand, for tests of what turns them into text."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from dtrans.artifact import FAULT_RECORD, FAULT_SITE, RECORD_HEADER, Action, Aggregation, Artifact, Field, Probe, Site
from dtrans.options import Options
from dtrans.run.kernel.tables import Entries
from dtrans.run.output.aggregate import AggregationState
from dtrans.run.output.decode import Names
from dtrans.run.output.jsonlines import json_output
from dtrans.run.output.records import Output, run_shell

HEADER = RECORD_HEADER.size
PROBES = {
    1: Probe(1, "dtrace", "", "", "BEGIN"),
    7: Probe(7, "syscall", "vmlinux", "openat", "entry"),
    8: Probe(8, "syscall", "vmlinux", "openat", "return"),
    9: Probe(9, "fbt", "vmlinux", "vfs_read", "entry"),
    10: Probe(10, "fbt", "vmlinux", "vfs_read", "return"),
    11: Probe(11, "profile", "", "", "tick-1s"),
}


class Symbols:
    """A resolver over two kernel functions and one process."""

    _KERNEL = ((0x1000, "vmlinux`vfs_read"), (0x2000, "ext4`ext4_sync"))
    _USER = ((0x4000, "sh`main"), (0x7000, "libc.so.6`read"))

    def kernel(self, address: int) -> str:
        return self._name(self._KERNEL, address)

    def user(self, pid: int, address: int, image: int = 0) -> str:
        return self._name(self._USER, address) if pid in (0, 42) else f"{address:#x}"

    def may_be_code(self, pid: int, address: int, image: int = 0) -> bool:
        return address != 0x9000

    @staticmethod
    def _name(table: Iterable[tuple[int, str]], address: int) -> str:
        for start, name in table:
            if start <= address < start + 0x1000:
                return name + (f"+{address - start:#x}" if address > start else "")
        return f"{address:#x}"


def make_artifact(
    actions: Sequence[Sequence[Action]] = (),
    aggregations: Sequence[Aggregation] = (),
    strings: Sequence[str] = (),
    size: int = 512,
) -> Artifact:
    sites = tuple(Site(number, size, tuple(each)) for number, each in enumerate(actions, 1))
    return Artifact(
        "", (), PROBES, sites, tuple(aggregations), tuple(strings), (), (), {}, len(PROBES), double_arrows=("syscall",)
    )


def make_names(strings: Sequence[str] = ()) -> Names:
    return Names(make_artifact(strings=strings), Symbols())


def make_record(site: int, payload: bytes = b"", cpu: int = 0, probe: int = 7) -> bytes:
    return RECORD_HEADER.pack(site, cpu, probe) + payload


def make_fault(clause: int, action: int, kind: int, address: int, probe: int = 7) -> bytes:
    return FAULT_RECORD.pack(FAULT_SITE, 0, probe, clause, action, kind, 0, address)


class Maps:
    """Aggregation maps in memory: what a program with two CPUs would have written."""

    def __init__(self, cpus: int = 2) -> None:
        self.cpus = cpus
        #: Keys that a map has room for.
        self.room = 1024
        self.entries: dict[int, dict[bytes, list[bytes]]] = {}
        self.epochs: dict[int, int] = {}

    def add(self, number: int, key: bytes, words: Sequence[int], cpu: int = 0) -> None:
        """Add words to an entry's value on one CPU, modulo 2**64."""
        size = 8 * len(words)
        values = self.entries.setdefault(number, {}).setdefault(key, [bytes(size)] * self.cpus)
        old = struct.unpack(f"<{len(words)}Q", values[cpu])
        values[cpu] = struct.pack(f"<{len(words)}Q", *[(a + b) % 2**64 for a, b in zip(old, words, strict=True)])

    def extreme(self, number: int, key: bytes, value: int, best: Mapping[str, object], cpu: int = 0) -> None:
        """What min() and max() do in the kernel: a value of an older epoch is replaced. Epochs are stored plus 1."""
        values = self.entries.setdefault(number, {}).setdefault(key, [bytes(16)] * self.cpus)
        old, epoch = struct.unpack("<qQ", values[cpu])
        now = self.epochs.get(number, 0) + 1
        pick = best["function"]
        new = pick(old, value) if epoch == now else value  # type: ignore[operator]
        values[cpu] = struct.pack("<qQ", new, now)

    def read(self, aggregation: int) -> Entries:
        entries = self.entries.get(aggregation, {})
        return Entries(list(entries), b"".join(value for values in entries.values() for value in values), self.cpus)

    def drain(self, aggregation: int) -> Entries:
        drained = self.read(aggregation)
        self.entries.pop(aggregation, None)
        return drained

    def fill(self, aggregation: int) -> float:
        return len(self.entries.get(aggregation, {})) / self.room

    def set_epoch(self, aggregation: int, epoch: int) -> None:
        self.epochs[aggregation] = epoch


class Host:
    """A session that notes what it was asked for, and runs commands."""

    def __init__(self, log: io.FileIO) -> None:
        self.status: int | None = None
        self.changed: list[str] = []
        self.commands: list[bytes] = []
        self.halts: list[tuple[str, str]] = []
        self._stdout = log

    def run_command(self, command: bytes, stdout: int | None) -> None:
        self.commands.append(command)
        run_shell(command, self._stdout.fileno() if stdout is None else stdout)

    def halt(self, key: str, message: str) -> None:
        self.halts.append((key, message))
        if key == "g":
            raise PermissionError(1, "Operation not permitted")

    def request_exit(self, status: int) -> None:
        self.status = status

    def option_changed(self, name: str) -> None:
        self.changed.append(name)


class Screen:
    """An `Output` with its sinks: standard output is a real file, so that commands can write to it."""

    def __init__(self, artifact: Artifact, path: os.PathLike[str], options: Mapping[str, str] | None = None) -> None:
        self.path = path
        self._stdout = io.FileIO(os.fspath(path), "w")
        self._stderr = io.BytesIO()
        self._stderr.fileno = lambda: 2  # type: ignore[method-assign]
        self.host = Host(self._stdout)
        self.maps = Maps()
        self.options = Options(options or {})
        names = Names(artifact, Symbols())
        self.state = AggregationState(artifact, names, self.maps, self.options)
        make = json_output if self.options.text("oformat") == "json" else Output
        self.output = make(artifact, self.options, names, self.state, self.host, self._stdout, self._stderr)

    def show(self, *records: bytes) -> str:
        """Handle the records, each at an odd place in a buffer; what standard output has by then."""
        for record in records:
            self.output.handle(memoryview(b"?????" + record), 5)
        self.output.flush()
        return self.text()

    def text(self) -> str:
        return Path(self.path).read_text(encoding="utf-8", errors="surrogateescape")

    def close(self) -> None:
        self.output.finish()
        self._stdout.close()

    def errors(self) -> str:
        return self._stderr.getvalue().decode()


def key_field(kind: str, size: int, offset: int = 0) -> Field:
    return Field(kind, offset, size)  # type: ignore[arg-type]
