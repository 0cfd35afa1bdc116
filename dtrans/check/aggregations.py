"""Aggregations: what all uses of one agree on, their functions' arguments, and the actions on them.

Before: ``@n[execname] = lquantize(arg2, 0, 100, 10);``  After: ``Aggregate(0, (execname,), arg2, None)``, and
``AggregationInfo("n", "lquantize", (0, 100, 10), (string,))``
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import NoReturn

from dtrans.check.absent import guessed
from dtrans.check.conversions import is_integer, is_scalar, is_translated
from dtrans.check.formatted import Formatted, Value
from dtrans.check.names import ScriptNames
from dtrans.check.subroutines import AGGREGATING, check_count, is_function
from dtrans.check.tree import Act, ActionKind, Aggregate, AggregationInfo, Const, Do, Expr, Solaris, Statement
from dtrans.errors import DtransError, fail
from dtrans.options import Options
from dtrans.syntax import ast
from dtrans.types import INT, INT64, Addresses, Int, StringType, StructRef, Type

_INT32 = range(-(1 << 31), 1 << 31)
_UINT16 = range(1 << 16)
#: What llquantize() is given behind its operand, and the tags of a wrong type, a wrong value, another value elsewhere.
_LOG_LINEAR = (
    ("factor", "D_LLQUANT_FACTORTYPE", "D_LLQUANT_FACTORVAL", "D_LLQUANT_FACTORMATCH"),
    ("low magnitude", "D_LLQUANT_LOWTYPE", "D_LLQUANT_LOWVAL", "D_LLQUANT_LOWMATCH"),
    ("high magnitude", "D_LLQUANT_HIGHTYPE", "D_LLQUANT_HIGHVAL", "D_LLQUANT_HIGHMATCH"),
    ("linear steps per magnitude", "D_LLQUANT_NSTEPTYPE", "D_LLQUANT_NSTEPVAL", "D_LLQUANT_NSTEPMATCH"),
)
_LINEAR = (
    ("base", "D_LQUANT_BASETYPE", "D_LQUANT_BASEVAL", "D_LQUANT_MATCHBASE"),
    ("limit", "D_LQUANT_LIMTYPE", "D_LQUANT_LIMVAL", "D_LQUANT_MATCHLIM"),
    ("step", "D_LQUANT_STEPTYPE", "D_LQUANT_STEPVAL", "D_LQUANT_MATCHSTEP"),
)
#: The actions on one aggregation: the least and the most arguments, and the tag of a wrong number.
_ON_ONE = {
    "clear": (1, 1, "D_CLEAR_PROTO"),
    "denormalize": (1, 1, "D_NORMALIZE_PROTO"),
    "normalize": (2, 2, "D_NORMALIZE_PROTO"),
    "trunc": (1, 2, "D_TRUNC_PROTO"),
}
#: Tags of an argument that is no aggregation, of an aggregation never assigned, of an argument that is no number.
_TAGS = {
    "clear": ("D_CLEAR_AGGARG", "D_CLEAR_AGGBAD", ""),
    "denormalize": ("D_NORMALIZE_AGGARG", "D_NORMALIZE_AGGBAD", "D_NORMALIZE_SCALAR"),
    "normalize": ("D_NORMALIZE_AGGARG", "D_NORMALIZE_AGGBAD", "D_NORMALIZE_SCALAR"),
    "trunc": ("D_TRUNC_AGGARG", "D_TRUNC_AGGBAD", "D_TRUNC_SCALAR"),
    "printa": ("D_PRINTA_AGGARG", "D_PRINTA_AGGBAD", ""),
}

_NONE: tuple[int, ...] = ()


@dataclass
class AggregationChecker:
    """Types the statements on aggregations, and collects what they agree on."""

    names: ScriptNames
    options: Options
    found: list[AggregationInfo] = field(default_factory=list)
    #: Those that only clauses without probes assign.
    _absent: set[int] = field(default_factory=set)
    _printed: list[tuple[ast.Call, tuple[int, ...]]] = field(default_factory=list)

    def settle(self) -> None:
        """Checks what only the whole program tells: every ``printa()`` fits its keys.

        Raises D_PRINTA_AGGKEY, D_PRINTA_AGGPROTO and the errors of `Formatted`.
        """
        for node, numbers in self._printed:
            self._check_printa(node, numbers)

    def leave_out(self, target: ast.Aggregation, value: ast.Expr | None) -> None:
        """An aggregation that a clause without probes assigns: there, and without data."""
        number = self._number(target)
        if self.found[number].function:
            return
        keys = tuple(guessed(self.names.checker, key) for key in target.keys or ())
        function, parameters = "count", _NONE
        if isinstance(value, ast.Call) and value.name in AGGREGATING:
            with suppress(DtransError):
                function, parameters = value.name, self._function(value)[0]
        self.found[number] = AggregationInfo(target.name, function, parameters, keys)
        self._absent.add(number)

    def _number(self, target: ast.Aggregation) -> int:
        numbers = self.names.aggregations
        if target.name not in numbers:
            numbers[target.name] = len(self.found)
            self.found.append(AggregationInfo(target.name, "", (), ()))
        return numbers[target.name]

    # --- assignments ----------------------------------------------------------------------------------

    def assigned(self, op: str, target: ast.Aggregation, value: ast.Expr) -> Statement[Solaris]:
        """``@name[keys] = function(...)``."""
        if op != "=" or not isinstance(value, ast.Call) or value.name not in AGGREGATING:
            if isinstance(value, ast.Call) and not is_function(value.name):
                self.names.checker.check(value)  # Raises D_FUNC_UNDEF, but for an inline with parameters.
            raise fail(
                "D_AGG_FUNC",
                f"@{target.name} must be assigned an aggregating function",
                value.span,
                hint=f"one of {', '.join(AGGREGATING)}",
            )
        checker = self.names.checker
        written = target.keys or ()
        keys = tuple(checker.key(key) for key in written)
        parameters, operand, weight = self._function(value)
        number = self._agree(target, value, parameters, tuple(key.type for key in keys))
        kinds = self.found[number].keys
        fitted = tuple(
            checker.fitting_key(key, kind, node.span, f"@{target.name}[ ] key")
            for key, kind, node in zip(keys, kinds, written, strict=True)
        )
        return Aggregate(number, fitted, operand, weight)

    def _agree(
        self, target: ast.Aggregation, call: ast.Call, parameters: tuple[int, ...], keys: tuple[Type, ...]
    ) -> int:
        number = self._number(target)
        known = self.found[number]
        if not known.function or number in self._absent:
            (self._absent.discard if self.names.clause.probes else self._absent.add)(number)
            self.found[number] = AggregationInfo(known.name, call.name, parameters, keys)
            return number
        if known.function != call.name:
            raise fail(
                "D_AGG_REDEF",
                f"aggregation @{known.name} is {known.function}() elsewhere and cannot be {call.name}() too",
                call.span,
            )
        if known.parameters != parameters:
            self._mismatch(call, known.parameters, parameters)
        if len(known.keys) != len(keys):
            raise fail(
                "D_PROTO_LEN", f"@{known.name} has {len(known.keys)} keys elsewhere, {len(keys)} here", target.span
            )
        merged = tuple(self._wider(one, two) for one, two in zip(known.keys, keys, strict=True))
        self.found[number] = AggregationInfo(known.name, known.function, parameters, merged)
        return number

    def _mismatch(self, call: ast.Call, known: Sequence[int], found: Sequence[int]) -> NoReturn:
        """The first parameter that differs from an earlier use."""
        rows = _LINEAR if call.name == "lquantize" else _LOG_LINEAR
        for number, ((name, _, _, tag), one, two) in enumerate(zip(rows, known, found, strict=True), 1):
            if one != two:
                raise fail(
                    tag,
                    f"{call.name}( ) {name} (argument #{number}) doesn't match an earlier use: expected {one}, "
                    f"found {two}",
                    call.span,
                )
        raise AssertionError("equal parameters")

    def _wider(self, known: Type, other: Type) -> Type:
        """The key type that holds both."""
        match known, other:
            case StringType(one), StringType(two):
                return StringType(max(one, two))
            case Int(), Int() if other.size > known.size:
                return other
            case Addresses(what, one), Addresses(same, two) if what == same:
                return Addresses(what, max(one, two))
        return known

    # --- aggregating functions ------------------------------------------------------------------------

    def _function(self, call: ast.Call) -> tuple[tuple[int, ...], Expr[Solaris] | None, Expr[Solaris] | None]:
        """An aggregating function's constant parameters, operand and weight."""
        match call.name:
            case "count":
                check_count(call, 0, 0)
                return (), None, None
            case "sum" | "avg" | "min" | "max" | "stddev":
                check_count(call, 1, 1)
                return (), self._operand(call), None
            case "quantize":
                check_count(call, 1, 2)
                return (), self._operand(call), self._weight(call, 1)
            case "lquantize":
                check_count(call, 3, 5)
                operand = self._operand(call)
                return self._linear(call), operand, self._weight(call, 4)
        check_count(call, 5, 6)
        operand = self._operand(call)
        return self._log_linear(call), operand, self._weight(call, 5)

    def _operand(self, call: ast.Call) -> Expr[Solaris]:
        value = self.names.checker.check(call.args[0])
        if not is_scalar(value.type):
            raise fail(
                "D_AGG_SCALAR",
                f"{call.name}( ) argument #1 must be of scalar type, not '{value.type}'",
                call.args[0].span,
            )
        if is_translated(value.type):
            raise fail("D_CG_DYN", "what a translator makes is no number: name one of its members", call.args[0].span)
        return value

    def _weight(self, call: ast.Call, index: int) -> Expr[Solaris] | None:
        if len(call.args) <= index:
            return None
        value = self.names.checker.check(call.args[index])
        if not is_scalar(value.type):
            raise fail(
                "D_PROTO_ARG",
                f"{call.name}( ) increment value (argument #{index + 1}) must be a number, not '{value.type}'",
                call.args[index].span,
            )
        return value

    def _parameter(self, call: ast.Call, index: int, name: str, tag: str) -> int:
        value = self.names.checker.check(call.args[index])
        if not is_scalar(value.type):
            raise fail(
                "D_PROTO_ARG",
                f"{call.name}( ) argument #{index + 1} is incompatible with prototype: a number is expected, not "
                f"'{value.type}'",
                call.args[index].span,
            )
        if not isinstance(value, Const) or not is_integer(value.type):
            raise fail(
                tag, f"{call.name}( ) argument #{index} ({name}) must be an integer constant", call.args[index].span
            )
        return value.value

    def _linear(self, call: ast.Call) -> tuple[int, int, int]:
        rows = _LINEAR[: len(call.args) - 1]
        numbers = [self._parameter(call, index, name, tag) for index, (name, tag, _, _) in enumerate(rows, 1)]
        base, limit, step = (*numbers, 1)[:3]
        for number, (index, (name, _, tag, _)) in zip((base, limit), enumerate(_LINEAR, 1), strict=False):
            if number not in _INT32:
                raise fail(
                    tag, f"lquantize( ) argument #{index} ({name}) must be a 32-bit quantity", call.args[index].span
                )
        if limit < base:
            raise fail(
                "D_LQUANT_MISMATCH",
                "lquantize( ) base (argument #1) must be less than limit (argument #2)",
                call.span,
            )
        if step <= 0:
            raise fail(
                "D_LQUANT_STEPTYPE",
                "lquantize( ) argument #3 (step) must be a non-zero positive integer constant",
                call.args[3].span,
            )
        if step not in _UINT16:
            raise fail(
                "D_LQUANT_STEPVAL", "lquantize( ) argument #3 (step) must be a 16-bit quantity", call.args[3].span
            )
        levels = (limit - base) // step
        if not levels:
            raise fail(
                "D_LQUANT_STEPLARGE",
                "lquantize( ) step (argument #3) too large: must have at least one quantization level",
                call.span,
            )
        if levels not in _UINT16:
            raise fail(
                "D_LQUANT_STEPSMALL",
                f"lquantize( ) step (argument #3) too small: there are at most {_UINT16[-1]} levels, not {levels}",
                call.span,
            )
        # What is left over above the last whole step belongs to it no more.
        return base, base + levels * step, step

    def _log_linear(self, call: ast.Call) -> tuple[int, ...]:
        numbers = []
        for index, (name, wrong_type, wrong_value, _) in enumerate(_LOG_LINEAR, 1):
            number = self._parameter(call, index, name, wrong_type)
            if number not in _UINT16:
                raise fail(
                    wrong_value,
                    f"llquantize( ) argument #{index} ({name}) must be an unsigned 16-bit quantity",
                    call.args[index].span,
                )
            numbers.append(number)
        factor, low, high, steps = numbers
        if factor < 2:
            raise fail("D_LLQUANT_FACTORSMALL", "llquantize( ) factor (argument #1) must be two or more", call.span)
        if low >= high:
            raise fail(
                "D_LLQUANT_MAGRANGE",
                "llquantize( ) high magnitude (argument #3) must be greater than low magnitude (argument #2)",
                call.span,
            )
        if steps < factor:
            raise fail(
                "D_LLQUANT_FACTORNSTEPS",
                "llquantize( ) factor (argument #1) must be less than or equal to the number of linear steps per "
                "magnitude (argument #4)",
                call.span,
            )
        power = factor
        while power < steps:
            power *= factor
        if power % steps or steps % factor:
            raise fail(
                "D_LLQUANT_FACTOREVEN",
                "llquantize( ) factor (argument #1) must evenly divide the number of steps per magnitude (argument "
                "#4), and that number a power of the factor",
                call.span,
            )
        # The next line's power would be long in the making.
        if high > 62 or factor ** (high + 2) >> 64:
            raise fail(
                "D_LLQUANT_MAGTOOBIG",
                f"llquantize( ) factor ({factor}) raised to power of high magnitude ({high}) plus 1 overflows 64 bits",
                call.span,
            )
        return tuple(numbers)

    # --- actions --------------------------------------------------------------------------------------

    def action(self, node: ast.Call) -> Statement[Solaris]:
        """clear, trunc, normalize, denormalize."""
        least, most, tag = _ON_ONE[node.name]
        if not least <= len(node.args) <= most:
            raise fail(
                tag,
                f"{node.name}( ) prototype mismatch: {len(node.args)} arguments passed, "
                f"{least if least == most else f'{least} or {most}'} expected",
                node.span,
            )
        number = self._target(node, 0)
        args = tuple(self._number_argument(node, index) for index in range(1, len(node.args)))
        kind: ActionKind = node.name  # type: ignore[assignment]
        return Act(kind, args, None, (number,))

    def _number_argument(self, node: ast.Call, index: int) -> Expr[Solaris]:
        written = node.args[index]
        if isinstance(written, ast.Aggregation):
            self.names.aggregation(written)
            raise fail(_TAGS[node.name][2], f"{node.name}( ) argument #{index + 1} must be a number", written.span)
        value = self.names.checker.check(written)
        if not is_scalar(value.type):
            raise fail(_TAGS[node.name][2], f"{node.name}( ) argument #{index + 1} must be a number", written.span)
        return self.names.checker.converted(value, INT64, written.span)

    def printa(self, node: ast.Call) -> Statement[Solaris]:
        """``printa([format,] @a, @b ...)``; what it prints is checked in the end."""
        if not node.args:
            raise fail(
                "D_PROTO_LEN", "printa( ) prototype mismatch: 0 arguments passed, at least 1 expected", node.span
            )
        first = node.args[0]
        if not isinstance(first, ast.Aggregation | ast.String):
            raise fail("D_PRINTA_AGGARG", "printa( ) argument #1 must be an aggregation or a format string", first.span)
        text = first.value if isinstance(first, ast.String) else None
        skipped = int(text is not None)
        if len(node.args) <= skipped:
            raise fail(
                "D_PRINTA_PROTO",
                f"printa( ) prototype mismatch: {len(node.args)} arguments passed, {skipped + 1} expected",
                node.span,
            )
        numbers = tuple(self._target(node, index) for index in range(skipped, len(node.args)))
        there = [number for number in numbers if number not in self._absent]
        if not there:
            return Do(Const(0, INT))  # It has no data, and its keys have the types that were guessed.
        for number in self._absent.intersection(numbers):
            self.found[number] = replace(self.found[number], keys=self.found[there[0]].keys)
        self._printed.append((node, numbers))
        return Act("printa", (), text, numbers)

    def _target(self, node: ast.Call, index: int) -> int:
        written = node.args[index]
        if not isinstance(written, ast.Aggregation):
            raise fail(
                _TAGS[node.name][0], f"{node.name}( ) argument #{index + 1} must be an aggregation", written.span
            )
        known = written.name in self.names.aggregations
        if written.keys is not None:
            raise fail(
                _TAGS[node.name][0 if known else 1],
                f"{node.name}( ) takes the whole aggregation: @{written.name}, without keys"
                if known
                else f"undefined aggregation: @{written.name}",
                written.span,
            )
        self.names.aggregation(written)
        return self.names.aggregations[written.name]

    def _check_printa(self, node: ast.Call, numbers: tuple[int, ...]) -> None:
        first, *others = (self.found[number] for number in numbers)
        for other in others:
            self._check_joined(node, first, other)
        written = node.args[0]
        if not isinstance(written, ast.String):
            return
        format_ = Formatted(
            "printa", written.value, written.span, node.span, self.names.types.size, self.names.macros.target
        )
        keys = [Value(kind, f"key #{place} of @{first.name}", written.span) for place, kind in enumerate(first.keys, 1)]
        format_.check_keys(keys, unsigned=first.function == "count")

    def _check_joined(self, node: ast.Call, one: AggregationInfo, two: AggregationInfo) -> None:
        """Aggregations that are printed together must have the same keys (libdtrace dt_printa_validate)."""
        if len(one.keys) != len(two.keys):
            raise fail(
                "D_PRINTA_AGGKEY",
                f"printa( ): @{one.name} and @{two.name} do not have matching key signatures: @{one.name} has "
                f"{_keys(one)}, @{two.name} has {_keys(two)}",
                node.span,
            )
        for place, (left, right) in enumerate(zip(one.keys, two.keys, strict=True), 1):
            if _key_class(left) != _key_class(right):
                raise fail(
                    "D_PRINTA_AGGPROTO",
                    f"printa( ): @{two.name}[ ] key #{place} is incompatible with @{one.name}: '{right}' and '{left}'",
                    node.span,
                )


def _keys(info: AggregationInfo) -> str:
    return f"{len(info.keys)} key{'' if len(info.keys) == 1 else 's'}"


def _key_class(kind: Type) -> str:
    """Keys of one class can be the same key."""
    match kind:
        case StringType():
            return "string"
        case Addresses(what, _):
            return what
        case StructRef():
            return str(kind)
    return "number"
