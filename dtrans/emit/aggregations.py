"""Aggregations as C: how their keys and values are laid out, and what an event adds to them.

Before: ``@sizes[execname] = quantize(arg2)``  After: ``agg_0`` of ``struct agg_0_key { char k0[16]; }`` to 127 words;
``found->v[dt_quantize_bucket(arg2)] += 1;``
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dtrans.artifact import DROP_KINDS, Aggregation, Field, FieldKind
from dtrans.check.tree import Aggregate, AggregationInfo, Cond, Expr, Text
from dtrans.emit.storage import StructLayout, add_value, bytes_kind
from dtrans.emit.text import number
from dtrans.emit.values import Values
from dtrans.plan.leaves import Linux, ProbePart
from dtrans.types import Array, StringType, StructRef, Type

_AGGREGATION_DROP = DROP_KINDS.index("aggregation")
#: Parts of a probe's name, which the reader knows by the probe's number.
PARTS: dict[str, FieldKind] = {
    "provider": "probeprov",
    "module": "probemod",
    "function": "probefunc",
    "name": "probename",
}


# --- layouts ----------------------------------------------------------------------------------------------


def interned_kind(expr: Expr[Linux]) -> FieldKind | None:
    """The kind of number that stands for a string whose text the reader knows, or None."""
    match expr:
        case Text():
            return "literal"
        case ProbePart(part, _):
            return PARTS[part]
        case Cond(_, then, other, kind) if isinstance(kind, StringType):
            one, two = interned_kind(then), interned_kind(other)
            return "literal" if one == two == "literal" else None
    return None


#: Functions whose values only grow, and by which one can see whether any event came.
_GROWING = frozenset({"count", "avg", "quantize", "lquantize", "llquantize"})
#: Words of a per-CPU map's value: 32 KiB (PCPU_MIN_UNIT_SIZE, include/linux/percpu.h).
_MOST_WORDS = 4096


def is_single(aggregation: Aggregation) -> bool:
    """Whether an aggregation is one element of a per-CPU array, which costs less to find than one of a hash."""
    return not aggregation.keys and not aggregation.by_bucket and aggregation.function in _GROWING


def lay_out_aggregation(
    info: AggregationInfo, uses: Sequence[Aggregate[Linux]], size_of: Callable[[Type], int]
) -> tuple[Aggregation, list[str]]:
    """An aggregation's key and value, agreed on by all its uses; the members of its key structure."""
    layout = StructLayout()
    fields: list[Field] = []
    for index, kind in enumerate(info.keys):
        exprs = [use.keys[index] for use in uses]
        if isinstance(kind, StructRef | Array):
            fields.append(_bytes_field(layout, f"k{index}", size_of(kind)))
        else:
            fields.append(_key_field(layout, f"k{index}", kind, exprs))
    words = _value_words(info)
    by_bucket = words > _MOST_WORDS
    if not fields and not by_bucket:
        layout.add("u64 none;", 8, 8)
    layout.close()
    size = 4 if not fields and not by_bucket and info.function in _GROWING else layout.size
    if by_bucket:
        layout.add("u64 bucket;", 8, 8)
    return (
        Aggregation(info.name, info.function, tuple(fields), size, 8 * words, info.parameters, by_bucket),  # type: ignore[arg-type]
        layout.members,
    )


def _key_field(layout: StructLayout, name: str, kind: Type, exprs: Sequence[Expr[Linux]]) -> Field:
    if isinstance(kind, StringType):
        interned = {interned_kind(expr) for expr in exprs}
        only = next(iter(interned)) if len(interned) == 1 else None
        if only is not None:
            return add_value(layout, name, kind, interned=only).field
        bound = max((expr.type.bound for expr in exprs if isinstance(expr.type, StringType)), default=8)
        return add_value(layout, name, StringType(bound)).field
    return add_value(layout, name, kind).field


def _bytes_field(layout: StructLayout, name: str, size: int) -> Field:
    kind = bytes_kind(size)
    return Field(kind, layout.add(f"char {name}[{size}];", size, 1 if kind == "bytes" else size), size)


def _value_words(info: AggregationInfo) -> int:
    match info.function:
        case "count" | "sum":
            return 1
        case "avg" | "min" | "max":
            return 2
        case "stddev":
            return 4
        case "quantize":
            return 127
        case "lquantize":
            base, limit, step = info.parameters
            return (limit - base) // step + 2
    factor, low, high, steps = info.parameters
    return llquantize_buckets(factor, low, high, steps)


def llquantize_buckets(factor: int, low: int, high: int, steps: int) -> int:
    """Words of an llquantize: the bucket below, those of each order of magnitude, the one above."""
    words = 2
    for order in range(low, high + 1):
        count = min(factor ** (order + 1), steps)
        words += count - count // factor
    return words


# --- events -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Event:
    """What one event adds: C expressions of the function's operand and of the weight."""

    operand: str
    weight: str


def put_bucket(values: Values, aggregation: Aggregation, key: str, event: Event) -> None:
    """Completes a key by the bucket, where the map has an element for each."""
    if aggregation.by_bucket:
        values.add(f"{key}.bucket = {_bucket(values, aggregation, event.operand)};")


def update(values: Values, which: int, aggregation: Aggregation, key: str, event: Event) -> None:
    """Adds an event to the entry of a key."""
    value = f"struct agg_{which}_value"
    single = is_single(aggregation)
    found = values.temporary(f"{value} *", f"agg_{which}.lookup(&{key})" if single else f"dt_agg_{which}(&{key})")
    with values.block(f"if ({found})"):
        _accumulate(values, which, aggregation, f"{found}->v", event.operand, event.weight)
    if not single:
        with values.block("else"):
            values.add(f"DROP({_AGGREGATION_DROP});")


def _accumulate(values: Values, which: int, aggregation: Aggregation, v: str, operand: str, weight: str) -> None:
    match aggregation.function:
        case "count":
            values.add(f"{v}[0] += 1;")
        case "sum":
            values.add(f"{v}[0] += {operand};")
        case "avg":
            values.add(f"{v}[0] += 1;")
            values.add(f"{v}[1] += {operand};")
        case "min" | "max":
            values.shared.uses.add("epochs")
            values.add(f"u32 which = {which};")
            values.add("u64 *epoch = epochs.lookup(&which);")
            sign = "<" if aggregation.function == "min" else ">"
            with values.block(f"if (epoch && ({v}[1] != *epoch + 1 || {operand} {sign} (s64){v}[0]))"):
                values.add(f"{v}[0] = {operand};")
                values.add(f"{v}[1] = *epoch + 1;")
        case "stddev":
            values.add(f"{v}[0] += 1;")
            values.add(f"{v}[1] += {operand};")
            values.add(f"{values.shared.function('add_square')}(&{v}[2], &{v}[3], {operand});")
        case _ if aggregation.by_bucket:
            values.add(f"{v}[0] += {weight};")
        case _:
            index = values.temporary("u64", _bucket(values, aggregation, operand))
            values.add(f"HIDE({index});")
            values.add(f"if ({index} < {aggregation.map_words}) {v}[{index}] += {weight};")


def _bucket(values: Values, aggregation: Aggregation, operand: str) -> str:
    """The number of the bucket of a distribution that a value is in."""
    values.shared.needed[aggregation.function] = None
    match aggregation.function:
        case "quantize":
            return f"dt_quantize_bucket({operand})"
        case "lquantize":
            base, limit, step = aggregation.parameters
            return f"dt_lquantize_level({operand}, {number(base)}, {step}, {(limit - base) // step})"
    factor, low, high, steps = aggregation.parameters
    return f"dt_llquantize_bucket({operand}, {factor}, {low}, {high}, {steps})"


def literal_number(values: Values, expr: Expr[Linux]) -> str:
    match expr:
        case Text(value):
            return str(values.shared.string(value))
        case Cond(test, then, other, _):
            condition = values.truth(test)
            return f"({condition} ? {literal_number(values, then)} : {literal_number(values, other)})"
    raise AssertionError(f"no literal: {expr}")
