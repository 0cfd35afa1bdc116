"""Rows of aggregations as text: the default form, and the formats of ``printa()``.

    {("sh", 3): 12}  ->  b"  sh" ...  b"        3               12\\n"
    printa("%s %@d\\n", @a)  ->  b"sh 12\\n"

Source: libdtrace dt_consume.c (dt_print_datum, dt_print_aggs) and dt_printf.c (dt_printf_format).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from dtrans.artifact import Field
from dtrans.formats import Conversion, parse_format
from dtrans.run.output.aggregate import AggregationTable, JoinedRow, scalar_value
from dtrans.run.output.bars import Look
from dtrans.run.output.decode import Convert, Names, read_all, unpacker
from dtrans.run.output.dump import bytes_text, hex_dump, padded
from dtrans.run.output.entries import Vector
from dtrans.run.output.packed import is_packed, packed_lines
from dtrans.run.output.printf import Formatter, assemble
from dtrans.run.output.quantize import draw_distribution
from dtrans.typed import Any
from dtrans.values import replace

#: Columns of a number by its size, behind one space.
NUMBER_WIDTHS = {1: 3, 2: 5, 4: 8, 8: 16}
KEY_WIDTH, TRACE_WIDTH = -50, -33
#: Columns of a string where keys stand before bars: at the right, behind one space.
PACKED_WIDTH = 16
#: Rows whose text is made by one operation.
_ROWS_AT_ONCE = 4096
_WORD = 0xFFFF_FFFF_FFFF_FFFF


class DatumPrinter:
    """Single values without a format: elements of keys, and what ``trace()``, ``stack()``, ``sym()`` record.

    Numbers are printed with their sign. dtrace prints 8 and 16-bit ones as unsigned and the rest as signed, whatever
    their type.
    """

    def __init__(self, names: Names) -> None:
        self.names = names
        self.indent = 14
        self.raw_bytes = False
        self.look = Look()

    def text(self, field: Field, item: Any, width: int, *, quiet: bool = False) -> bytes:
        """The text of an item; `width` is that of strings, negative for those at the left behind two spaces.

        `quiet` leaves out all padding.
        """
        match field.kind:
            case "int" | "uint":
                return b"%d" % item if quiet else b" %*d" % (NUMBER_WIDTHS[field.size], item)
            case "bytes":
                return bytes_text(item, width, quiet=quiet, raw=self.raw_bytes)
            case "stack" | "ustack":
                return self.names.stack_text(field, item, self.indent)
            case "str" | "literal" | "probeprov" | "probemod" | "probefunc" | "probename":
                text: bytes = self.names.text_of(field)(item)
                if self.raw_bytes:
                    return hex_dump(item if field.kind == "str" else text + b"\0")
                return text if quiet else padded(text, width)
        return padded(self.names.place_of(field, offsets=False)(item), KEY_WIDTH)


def value_text(table: AggregationTable, value: Vector, look: Look) -> bytes:
    """An aggregation's value in its default form."""
    if table.scale is not None:
        return draw_distribution(table.scale, value, table.normal, look)
    return b" %16d" % scalar_value(table.aggregation.function, value, table.normal)


def _packed_width(field: Field) -> int:
    """The columns of a key before a bar: of a number by its size, of anything else the same (dt_print_datum)."""
    return 1 + (NUMBER_WIDTHS[field.size] if field.kind in ("int", "uint") else PACKED_WIDTH)


#: What one element of keys puts into a template, and what is made of its item for that.
Column = tuple[bytes, Convert]


def _column(field: Field, names: Names) -> Column | None:
    """How an element of a key is shown in its default form; None where that may be more than a line, or no text."""
    match field.kind:
        case "int" | "uint":
            return b" %%%dd" % NUMBER_WIDTHS[field.size], int
        case "bytes" | "stack" | "ustack":
            return None
        case "str" | "literal" | "probeprov" | "probemod" | "probefunc" | "probename":
            return b"  %%-%ds" % -KEY_WIDTH, names.text_of(field)
    return b"  %%-%ds" % -KEY_WIDTH, names.place_of(field, offsets=False)


class DefaultRows:
    """Rows as ``printa(@a)`` and the end of a program print them."""

    def __init__(self, tables: Sequence[AggregationTable], printer: DatumPrinter) -> None:
        self._tables = tables
        self._printer = printer
        self._keys = [(table.aggregation.keys, unpacker(table.aggregation.keys)) for table in tables]

    def lines(self, rows: Sequence[JoinedRow]) -> list[bytes]:
        """The text of the rows."""
        look, table = self._printer.look, self._tables[0]
        if len(self._tables) == 1 and rows and is_packed(table, look):
            keys = [self._key(row, PACKED_WIDTH) for row in rows]
            width = sum(map(_packed_width, table.aggregation.keys))
            return packed_lines(table, keys, [row.values[0] for row in rows], width, look)
        if len(self._tables) == 1 and table.scale is None and not self._printer.raw_bytes:
            convert = [_column(field, self._printer.names) for field in table.aggregation.keys]
            if None not in convert:
                parts = [rows[start : start + _ROWS_AT_ONCE] for start in range(0, len(rows), _ROWS_AT_ONCE)]
                return [self._plain(table, [each for each in convert if each], part) for part in parts]
        return [self._row(row) for row in rows]

    def _plain(self, table: AggregationTable, columns: Sequence[Column], rows: Sequence[JoinedRow]) -> bytes:
        """Rows of keys that have one line each, and of numbers: by one operation for all."""
        keys, width = table.aggregation.keys, len(columns)
        items = read_all(keys, [row.key for row in rows]) if keys else []
        shown = [list(map(convert, items[place::width])) for place, (_, convert) in enumerate(columns)]
        function, normal = table.aggregation.function, table.normal
        shown.append([scalar_value(function, row.values[0], normal) for row in rows])
        template = b"".join(text for text, _ in columns) + b" %16d\n"
        return (template * len(rows)) % tuple(chain.from_iterable(zip(*shown, strict=True)))

    def _key(self, row: JoinedRow, width: int) -> bytes:
        fields, read = self._keys[row.owner]
        items = zip(fields, read(row.key, 0), strict=True)
        return b"".join([self._printer.text(field, item, width) for field, item in items])

    def _row(self, row: JoinedRow) -> bytes:
        look = self._printer.look
        shown = [value_text(table, value, look) for table, value in zip(self._tables, row.values, strict=True)]
        return b"".join([self._key(row, KEY_WIDTH), *shown, b"\n"])


class FormattedRows:
    """Rows as a format prints them: conversions with ``@`` take the values in turn, the last one ever after."""

    def __init__(self, text: str, tables: Sequence[AggregationTable], printer: DatumPrinter) -> None:
        pieces, names = parse_format(text), printer.names
        self._tables = tables
        self._printer = printer
        self._formatters = [assemble(pieces, table.aggregation.keys, names, normalised=True) for table in tables]
        self._reads = [unpacker(formatter.fields) for formatter in self._formatters]
        self._values: list[tuple[int, Formatter] | None] = []
        taken = 0
        for piece in pieces:
            if isinstance(piece, str):
                continue
            if not piece.is_aggregation:
                self._values.append(None)
                continue
            place = min(taken, len(tables) - 1)
            self._values.append((place, self._value_formatter(piece, tables[place], names)))
            taken += 1

    @staticmethod
    def _value_formatter(conversion: Conversion, table: AggregationTable, names: Names) -> Formatter:
        # An aggregation's value is a 64-bit number, unsigned for count() (libdtrace dt_printf_validate).
        value = Field("uint" if table.aggregation.function == "count" else "int", 0, 8)
        sizes = [Field("int", 0, 4) for _ in conversion.dynamic]
        return assemble([replace(conversion, is_aggregation=False)], [*sizes, value], names)

    def lines(self, rows: Sequence[JoinedRow]) -> list[bytes]:
        """The text of the rows."""
        return [self._row(row) for row in rows]

    def _row(self, row: JoinedRow) -> bytes:
        formatter_of_keys = self._formatters[row.owner]
        items = iter(self._reads[row.owner](row.key, 0))
        arguments: list[Any] = []
        for slot, value in zip(formatter_of_keys.slots, self._values, strict=True):
            taken = [next(items) for _ in slot.fields]
            if value is None:
                arguments += slot.arguments(taken)
            else:
                place, formatter = value
                arguments.append(self._value(self._tables[place], row.values[place], formatter, taken))
        return formatter_of_keys.template % tuple(arguments)

    def _value(self, table: AggregationTable, value: Vector, formatter: Formatter, sizes: list[Any]) -> bytes:
        if table.scale is not None:
            return draw_distribution(table.scale, value, table.normal, self._printer.look)
        number = scalar_value(table.aggregation.function, value, table.normal)
        slot = formatter.slots[0]
        if slot.fields[-1].kind == "uint":
            number &= _WORD
        return formatter.template % tuple(slot.arguments([*sizes, number]))
