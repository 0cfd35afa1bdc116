"""System calls: which probe a call is, where its arguments are, for one clause.

Before: the clause's probes ``open`` (Solaris, served by open, openat, openat2) and ``read``
After: a guard over the calls' numbers, the probe's number as ``base + nr``, ``arg0`` as a choice by number
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dtrans.check.calls import CallSignatures, moved_from
from dtrans.check.tree import Binary, Cast, Cond, Const, Expr
from dtrans.check.universe import CallProbe, Holders, ProbeRef
from dtrans.knowledge.rows import CallRow
from dtrans.plan.leaves import CallIn, CallNumber, Linux
from dtrans.types import INT, INT64, UINT32, Int

#: Integers that are narrower than a register, by bytes and sign.
_INTEGERS = {
    (size, signed): Int(f"{'' if signed else 'u'}int{size * 8}_t", size, signed)
    for size in (1, 2, 4)
    for signed in (True, False)
}

Evaluate = Callable[[str], Expr[Linux]]


@dataclass(frozen=True)
class Variant:
    """Calls that are one kind of probe: their numbers with the probe of each; `when` "" for always."""

    probes: tuple[tuple[int, ProbeRef], ...]
    when: str
    args: tuple[str, ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(number for number, _ in self.probes)


def claims_of(rows: Iterable[CallRow]) -> Mapping[str, int]:
    """How many Solaris calls each Linux call serves, second names not counted."""
    return Counter(call.name for row in rows if not row.spare for call in row.linux)


def shared_out(refs: Iterable[ProbeRef]) -> Mapping[str, CallRow]:
    """The rows of a program's second names, each with those Linux calls for which no first name in the program answers,
    and no second name before it."""
    refs = list(refs)
    held = Holders(ref.served for ref in refs)
    rows: dict[str, CallRow] = {}
    for ref in refs:
        match ref.served:
            case CallProbe(CallRow(spare=True) as row, name) if name not in rows:
                rows[name] = replace(row, linux=held.left(row))
                held.hold(row)
    return rows


def variants(refs: Sequence[ProbeRef], calls: Mapping[str, int], claims: Mapping[str, int]) -> tuple[Variant, ...]:
    """How each Linux call answers for a clause's probes: guarded variants first, then those that always do.

    A call that several Solaris names share is told apart by the rows' guards; one that no guard claims keeps
    its own name, if the description matched that too. Where all that share a call are matched, the one of its
    own name needs no guard: it is what remains.
    """
    matched = claims_of(ref.served.row for ref in refs if isinstance(ref.served, CallProbe) and ref.served.row)
    conditional: dict[tuple[str, tuple[str, ...]], list[tuple[int, ProbeRef]]] = {}
    plain: dict[tuple[str, ...], list[tuple[int, ProbeRef]]] = {}
    claimed: set[int] = set()
    for ref in refs:
        assert isinstance(ref.served, CallProbe)
        if ref.served.row is None:
            continue
        for call in ref.served.row.linux:
            number = calls.get(call.name)
            if number is None:
                continue
            remains = (
                call.name == ref.served.name and matched[call.name] == claims[call.name] and not ref.served.row.spare
            )
            if call.when and not remains:
                conditional.setdefault((call.when, call.args), []).append((number, ref))
            elif number not in claimed:
                claimed.add(number)
                plain.setdefault(call.args, []).append((number, ref))
    for ref in refs:
        assert isinstance(ref.served, CallProbe)
        if ref.served.row is None and calls[ref.served.name] not in claimed:
            plain.setdefault((), []).append((calls[ref.served.name], ref))
    return (
        *(Variant(tuple(found), when, args) for (when, args), found in conditional.items()),
        *(Variant(tuple(found), "", args) for args, found in plain.items()),
    )


def guard(found: Sequence[Variant], evaluate: Evaluate) -> Expr[Linux]:
    """Whether the call is one of the clause's probes; never, where this machine has none of the calls."""
    if not found:
        return Const(0, INT)
    always = sorted(number for variant in found if not variant.when for number in variant.numbers)
    tests: list[Expr[Linux]] = [CallIn(tuple(always))] if always else []
    for variant in found:
        rest = tuple(sorted(set(variant.numbers) - set(always)))
        if variant.when and rest:
            tests.append(Binary("&&", CallIn(rest), evaluate(variant.when), INT))
    joined = tests[0]
    for test in tests[1:]:
        joined = Binary("||", joined, test, INT)
    return joined


def direct_numbers(found: Sequence[Variant], base: int) -> Mapping[int, int]:
    """Probe numbers that follow from the call's number alone -> that number."""
    guarded = {number for variant in found if variant.when for number in variant.numbers}
    plain = {number for variant in found if not variant.when for number in variant.numbers}
    return {base + number: number for number in plain - guarded}


def probe_number(
    found: Sequence[Variant], number_of: Callable[[ProbeRef], int], base: int, evaluate: Evaluate
) -> Expr[Linux]:
    """The number of the probe that the call is: `base` plus its own, except where a guard says otherwise."""
    plain: Expr[Linux] = Binary("+", Const(base, UINT32), CallNumber(), UINT32)
    number = plain
    guarded = tuple(sorted({call for variant in found if variant.when for call in variant.numbers}))
    for variant in reversed(found):
        if variant.when:
            for call, ref in variant.probes:
                test: Expr[Linux] = Binary("&&", CallIn((call,)), evaluate(variant.when), INT)
                number = Cond(test, Const(number_of(ref), UINT32), number, UINT32)
    # Most calls are told by their number alone: one test leads them past the guards.
    return Cond(CallIn(guarded), number, plain, UINT32) if len(guarded) > 1 else number


@dataclass(frozen=True)
class Arguments:
    """Where the arguments of the calls of a clause are, and what they are: `names` are the calls' by number."""

    found: Sequence[Variant]
    names: Mapping[int, str]
    signatures: CallSignatures
    evaluate: Evaluate

    def value(self, index: int) -> Expr[Linux]:
        """``argN`` as D has it, whichever call it is."""
        if not self.found:
            return Const(0, INT64)
        result = self._of(self.found[-1], index)
        for variant in reversed(self.found[:-1]):
            value = self._of(variant, index)
            if value != result or isinstance(result, Cond):
                result = Cond(self._test(variant), value, result, INT64)
        return result

    def _of(self, variant: Variant, index: int) -> Expr[Linux]:
        """An argument of the calls of a variant. A register holds 64 bits, of which an int is the lower half alone."""
        text = variant.args[index] if index < len(variant.args) else f"ctx->arg{index}"
        value = self.evaluate(text)
        place = moved_from(variant.args, index)
        if place is None:
            return value
        narrow: dict[tuple[int, bool], list[int]] = {}
        for number in variant.numbers:
            kind = self.signatures.narrow(self.names[number], place)
            if kind is not None:
                narrow.setdefault((kind.size, kind.signed), []).append(number)
        whole = value
        for (size, signed), numbers in sorted(narrow.items()):
            cut: Expr[Linux] = Cast(Cast(whole, _INTEGERS[size, signed]), INT64)
            value = (
                cut if len(numbers) == len(variant.numbers) else Cond(CallIn(tuple(sorted(numbers))), cut, value, INT64)
            )
        return value

    def _test(self, variant: Variant) -> Expr[Linux]:
        one: Expr[Linux] = CallIn(tuple(sorted(variant.numbers)))
        return Binary("&&", one, self.evaluate(variant.when), INT) if variant.when else one
