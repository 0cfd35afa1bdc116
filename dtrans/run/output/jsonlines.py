"""Records as JSON Lines (``-x oformat=json``): one object a line for each action, message and aggregation.

    printf("%d %s\\n", pid, execname)
    {"type":"printf","cpu":1,"time":1764140000000000000,"probe":{...},"clause":1,"format":"%d %s\\n","args":[42,"sh"],
     "text":"42 sh\\n"}

docs/manual/json.md describes the objects. Text that is not UTF-8 has U+FFFD where it is not; addresses are hexadecimal
strings, since a JSON number is for most readers a double.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from typing import Any

from dtrans.artifact import (
    Action,
    Artifact,
    DefaultAction,
    Exit,
    Field,
    Freopen,
    Printa,
    Printf,
    PrintStack,
    PrintValue,
    Probe,
    Shape,
    Site,
    System,
    Trace,
    Tracemem,
)
from dtrans.options import Options
from dtrans.run.output.aggregate import AggregationState, AggregationTable, JoinedRow, scalar_value
from dtrans.run.output.decode import Buffer, Convert, Names, stack_addresses, to_text, unpacker
from dtrans.run.output.dump import ShapePrinter, finite
from dtrans.run.output.entries import Vector
from dtrans.run.output.printa import FormattedRows
from dtrans.run.output.printf import Formatter, compile_format
from dtrans.run.output.quantize import quotient
from dtrans.run.output.records import Fault, Output, OutputHost, Sink, Step, memory_reader, one_reader

_JSON_NUMBERS = ("int", "uint")
_JSON_TEXTS = ("str", "literal", "probeprov", "probemod", "probefunc", "probename")
Members = dict[str, Any]


def json_output(
    artifact: Artifact,
    options: Options,
    names: Names,
    aggregations: AggregationState,
    host: OutputHost,
    stdout: Sink,
    stderr: Sink,
) -> Output:
    """The output of a program whose option ``oformat`` is ``json``."""
    return JsonOutput(artifact, options, names, aggregations, host, stdout, stderr)


class JsonOutput(Output):
    """`Output` whose standard output is JSON Lines. What the text form tells on standard error is an object too."""

    #: CPU and time (nanoseconds since the epoch) of the record at hand.
    _cpu = 0
    _time: int | None = None

    # --- what a record becomes ----------------------------------------------------------------------------

    def site_format(self, site: Site) -> Formatter | None:
        return None

    def show(self, site: int, cpu: int, probe: int, buffer: Buffer, offset: int) -> None:
        known = self._artifact.sites[site]
        self._cpu, self._probe, self._clause = cpu, probe, known.clause
        self._time = None if known.time is None else int.from_bytes(buffer[offset + known.time :][:8], "little")
        for step in self._steps[site]:
            step(buffer, offset)

    def show_drops(self, kind: str, count: int, cpu: int | None) -> None:
        self._line({"type": "drop", "kind": kind, "count": count, **({} if cpu is None else {"cpu": cpu})})

    def show_fault(self, fault: Fault) -> None:
        address = {} if fault.address is None else {"address": f"{fault.address:#x}"}
        self._line(
            {
                "type": "error",
                "cpu": fault.cpu,
                "probe": self._named(fault.probe),
                "clause": fault.clause,
                "action": fault.action,
                "fault": fault.words,
                **address,
            }
        )

    def show_failure(self, message: str) -> None:
        self._emit({"type": "error", "message": message})

    def interrupted(self) -> None:
        self.flush()

    def finish(self) -> None:
        for table in self._aggregations.unprinted():
            rows = self._aggregations.rows([table.number])
            if rows:
                self._line({"type": "aggregation", **self._rows([table], rows)})
        self._reopen(None)

    def step(self, action: Action) -> Step | None:
        match action:
            case Printf(text, args):
                return self._printf_step(text, args)
            case Printa(numbers, text):
                return self._printa_object(numbers, text)
            case Trace(value):
                return self._value_step("trace", value)
            case PrintStack(value):
                return self._place_step(value)
            case Tracemem(value, length):
                memory_of = memory_reader(value, length)
                return lambda buffer, offset: self._emit({"type": "tracemem", "hex": memory_of(buffer, offset).hex()})
            case PrintValue(value, shape):
                return self._print_step(value, shape)
            case Exit(status):
                return self._exit_step(status, super().step(action))
            case System(text, args):
                return self._command_step(text, args)
            case Freopen():
                return super().step(action)
            case DefaultAction():
                return lambda _buffer, _offset: None if self._quiet else self._emit({"type": "probe"})
        return super().step(action)

    # --- actions ------------------------------------------------------------------------------------------

    def _printf_step(self, text: str, args: Sequence[Field]) -> Step:
        text_of = compile_format(text, args, self._names).reader()
        values_of = self._values_reader(args)
        format_ = _json_clean(text)

        def printf(buffer: Buffer, offset: int) -> None:
            self._emit(
                {
                    "type": "printf",
                    "format": format_,
                    "args": values_of(buffer, offset),
                    "text": _json_text(text_of(buffer, offset)),
                }
            )

        return printf

    def _printa_object(self, numbers: Sequence[int], text: str | None) -> Step:
        state = self._aggregations
        tables = [state.tables[number] for number in numbers]
        formatted = None if text is None else FormattedRows(text, tables, self._printer)

        def printa(_buffer: Buffer, _offset: int) -> None:
            rows = state.rows(numbers)
            members = self._rows(tables, rows)
            if formatted is not None:
                members |= {"format": _json_clean(text or ""), "text": _json_text(b"".join(formatted.lines(rows)))}
            self._emit({"type": "printa", **members})
            for table in tables:
                table.printed = table.printed or bool(rows)

        return printa

    def _value_step(self, kind: str, value: Field) -> Step:
        read = self._values_reader([value])
        return lambda buffer, offset: self._emit({"type": kind, "value": read(buffer, offset)[0]})

    def _place_step(self, value: Field) -> Step:
        """``stack()``, ``ustack()``, ``sym()`` and their kin as actions."""
        if value.kind not in ("stack", "ustack"):
            return self._value_step(value.kind, value)
        read, kind = self._values_reader([value]), value.kind
        return lambda buffer, offset: self._emit({"type": kind, "frames": read(buffer, offset)[0]})

    def _print_step(self, value: Field, shape: Shape) -> Step:
        data_of, printer = one_reader(value), ShapePrinter(self._names.resolver.kernel)

        def print_(buffer: Buffer, offset: int) -> None:
            shown = printer.value(shape, data_of(buffer, offset))
            self._emit({"type": "print", "name": shape.name, "value": shown})

        return print_

    def _exit_step(self, status: Field, end: Step | None) -> Step:
        status_of = one_reader(status)

        def exit_(buffer: Buffer, offset: int) -> None:
            self._emit({"type": "exit", "status": status_of(buffer, offset)})
            if end is not None:
                end(buffer, offset)

        return exit_

    def _command_step(self, text: str, args: Sequence[Field]) -> Step:
        """``system()``: what the command prints becomes a string, so that every line stays an object."""
        command_of = compile_format(text, args, self._names).reader()

        def system(buffer: Buffer, offset: int) -> None:
            command = command_of(buffer, offset)
            self._write()
            with os.fdopen(os.memfd_create("output", os.MFD_CLOEXEC), "rb") as printed:
                self._host.run_command(command, printed.fileno())
                printed.seek(0)
                self._emit({"type": "system", "command": _json_text(command), "output": _json_text(printed.read())})

        return system

    # --- aggregations -------------------------------------------------------------------------------------

    def _rows(self, tables: Sequence[AggregationTable], rows: Sequence[JoinedRow]) -> Members:
        """What is printed of aggregations: which, and their rows in order, with a value for each of them."""
        keys_of = [self._values_reader(table.aggregation.keys) for table in tables]
        return {
            "aggregations": [
                {
                    "name": table.aggregation.name,
                    "function": table.aggregation.function,
                    **({} if table.normal == 1 else {"normal": table.normal}),
                }
                for table in tables
            ],
            "rows": [
                {
                    "key": keys_of[row.owner](row.key, 0),
                    "values": [_json_value(table, value) for table, value in zip(tables, row.values, strict=True)],
                }
                for row in rows
            ],
        }

    # --- values -------------------------------------------------------------------------------------------

    def _values_reader(self, fields: Sequence[Field]) -> Callable[[Buffer, int], list[Any]]:
        if not fields:
            return lambda _buffer, _offset: []
        read = unpacker(fields)
        converts = [self._convert(field) for field in fields]
        return lambda buffer, offset: [
            convert(item) for convert, item in zip(converts, read(buffer, offset), strict=True)
        ]

    def _convert(self, field: Field) -> Convert:
        """From an item of a record to what JSON has for it."""
        names = self._names
        if field.kind in _JSON_NUMBERS:
            return lambda item: item
        if field.kind == "float":
            return finite
        if field.kind in _JSON_TEXTS:
            text_of = names.text_of(field)
            return lambda item: _json_text(text_of(item))
        if field.kind == "bytes":
            return lambda item: {"hex": item.hex()}
        if field.kind in ("stack", "ustack"):
            addresses = stack_addresses if field.kind == "stack" else names.user_stack
            return lambda item: [
                _json_place(address, name)
                for address, name in zip(addresses(item), names.frames(field, item), strict=True)
            ]
        place_of = names.place_of(field, offsets=field.kind in ("kaddr", "uaddr"))
        if field.size == 8:
            return lambda address: _json_place(address, place_of(address))
        return lambda item: _json_place(int.from_bytes(item[8:16], "little"), place_of(item))

    # --- lines --------------------------------------------------------------------------------------------

    def _named(self, number: int) -> Members:
        probe = self._artifact.probes.get(number)
        if probe is None:
            return {"id": number}
        return _probe_members(probe)

    def _emit(self, members: Members) -> None:
        """An object that the record at hand makes: `members`, with where and when it was made behind the type."""
        kind = members.pop("type")
        time = {} if self._time is None else {"time": self._time}
        where = {"type": kind, "cpu": self._cpu, **time, "probe": self._named(self._probe), "clause": self._clause}
        self._line(where | members)

    def _line(self, members: Members) -> None:
        text = json.dumps(members, ensure_ascii=False, separators=(",", ":"))
        self._pending.append(to_text(text) + b"\n")


def _probe_members(probe: Probe) -> Members:
    return {
        "id": probe.id,
        "provider": probe.provider,
        "module": _json_clean(probe.module),
        "function": _json_clean(probe.function),
        "name": _json_clean(probe.name),
    }


def _json_value(table: AggregationTable, value: Vector) -> Any:
    """A number, or the buckets of a distribution that hold something: the least and the greatest value of each."""
    if table.scale is None:
        return scalar_value(table.aggregation.function, value, table.normal)
    return [
        {"min": least, "max": greatest, "count": quotient(count, table.normal)}
        for (least, greatest), count in zip(table.scale.bounds, value, strict=True)
        if count
    ]


def _json_place(address: int, name: bytes) -> Members:
    return {"address": f"{address:#x}", "symbol": _json_text(name)}


def _json_text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _json_clean(text: str) -> str:
    """Text of the program, whose bytes may be any."""
    return _json_text(to_text(text))
