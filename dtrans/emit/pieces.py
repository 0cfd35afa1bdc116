"""Firings put into programs: as many as fit in one, and one that does not over several.

Before: one firing, a hundred clauses        After: ``int prog_0(...) { clauses 1 to 60; chain_0.call(ctx, 1); }``
                                                    ``int prog_1(...) { clauses 61 to 100; }``

A program ends with a tail call of the next, which never returns: all run at one event, on one CPU, in the same scratch
memory, where the first leaves what the next needs of the ``this->`` variables.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from dtrans.emit.text import Lines
from dtrans.plan.plan import PlanClause

#: Instructions that a program is to have at most, and one of several for a firing: a jump reaches 32,767 (struct
#: bpf_insn, `off`), and what is counted here is guessed. The compiler takes more time for one than for two halves.
_PROGRAM, _PIECE = 20_000, 10_000
#: And where a clause has parts, for which one program might be too long: see `dtrans.emit.clauses`.
_SMALL_PIECE = 2_400
#: Instructions of a line of C, and of functions that are copied to where they are used.
_LINE, _FUNCTION, _LARGE_FUNCTION = 7, 120, 600
_LARGE = re.compile(r"dt_(?:index|rindex|strstr|strtok|cleanpath|inet_ntoa6|json|\w*path)\(")
#: Instructions of a part, guessed, from which on addresses are forgotten, and the statements before which they are.
_LONG = 1_600
_FORGET = "FORGET_ADDRESSES(s);"
_CALL = re.compile(r"\t+(?!else\b)(?=\w)(?=.*\b(?:dt_|bpf_|STRING|COPY)\w*\()")
_NAME = re.compile(r"[A-Za-z_]\w*")
_ZEROED = re.compile(r"ZERO\(.*, (\d+)\);")
#: MAX_TAIL_CALL_CNT (include/linux/bpf.h) before Linux 5.17.
MOST_PIECES = 32


@dataclass
class Part:
    """A clause as C, or a part of one: its lines, and the clause that it is of."""

    clause: PlanClause
    lines: list[str]


@dataclass
class FiringText:
    """One firing as C. `guard` ends it early; `opening` makes what its clauses share, anew in each program; `kept` are
    the clause-local numbers by name, and their C types, which `fresh` lets begin. `clauses` are clauses, or parts of
    those that are long (`has_parts`)."""

    name: str
    depth: int
    guard: list[str] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    opening: list[str] = field(default_factory=list)
    clauses: list[Part] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    arena: bool = False
    has_parts: bool = False

    @property
    def whole(self) -> Lines:
        """All of it, for one program."""
        parts = [line for one in self.clauses for line in one.lines]
        return self._block([*self.guard, *self.fresh, *self.opening, *parts])

    def piece(self, clauses: Sequence[Part], chain: str, index: int, *, last: bool) -> Lines:
        """Some of its clauses, for program `index` of a chain."""
        pad = "\t" * (self.depth + 1)
        start = [*self.guard, *self.fresh]
        inner = [line for one in clauses for line in one.lines]
        kept = self.kept
        if index:
            # Each takes a place on the program's stack from its start to its end.
            words = set(_NAME.findall("\n".join([*self.opening, *inner])))
            kept = {name: kind for name, kind in kept.items() if name in words}
            start = [f"{pad}{kind} {name} = s->kept_{name};" for name, kind in kept.items()]
        end = []
        if not last:
            end = [f"{pad}s->kept_{name} = {name};" for name in kept]
            end += [f"{pad}s->kept_arena_used = arena_used;"] if self.arena else []
            end.append(f"{pad}{chain}.call(ctx, {index + 1});")
        return self._block([*start, *self.opening, *inner, *end])

    def _block(self, inner: Sequence[str]) -> Lines:
        lines = Lines(self.depth)
        lines.add("{")
        lines.lines += inner
        lines.add("}")
        lines.label(f"{self.name}_end")
        return lines


def size_of(lines: Sequence[str], error: int) -> int:
    """Instructions that some lines become, guessed, high. `error`: those of the clauses of ERROR."""
    size = 0
    for line in lines:
        if line == _FORGET:
            continue
        large = len(_LARGE.findall(line))
        size += _LINE + _LARGE_FUNCTION * large + _FUNCTION * (line.count("dt_") - large)
        zeroed = _ZEROED.search(line)
        size += int(zeroed[1]) // 8 if zeroed else 0
        size += error if "REPORT_FAULT" in line else 0
    return size


def forgetful(lines: Sequence[str]) -> list[str]:
    """Lines of a part. In a long one the compiler would keep addresses in scratch memory at hand that are used twice,
    from the first time to the last, where to calculate one takes two instructions."""
    if size_of(lines, 0) < _LONG:
        return list(lines)
    return [one for line in lines for one in (*[_FORGET] * bool(_CALL.match(line)), line)]


def in_programs(firings: Sequence[FiringText], error: int) -> list[list[FiringText]]:
    """Firings in as few groups as programs allow; one that is too large for any, or has parts, is alone."""
    groups: list[list[FiringText]] = []
    room = 0
    for firing in firings:
        size = size_of(firing.whole.lines, error)
        if not groups or size > room or firing.has_parts:
            groups.append([])
            room = _PROGRAM
        groups[-1].append(firing)
        room = 0 if firing.has_parts else room - size
    return groups


def in_pieces(firing: FiringText, error: int) -> list[list[Part]]:
    """A firing's clauses in as few groups as programs allow: small ones, unless they would be too many."""
    for most in (_SMALL_PIECE, _PIECE) if firing.has_parts else (_PIECE,):
        groups = _grouped(firing, error, most)
        if len(groups) <= MOST_PIECES:
            return groups
    return _grouped(firing, error, _PROGRAM)


def _grouped(firing: FiringText, error: int, most: int) -> list[list[Part]]:
    head = size_of([*firing.guard, *firing.fresh, *firing.opening], error)
    groups: list[list[Part]] = []
    room = 0
    for clause in firing.clauses:
        size = size_of(clause.lines, error)
        if not groups or size > room:
            groups.append([])
            room = most - head
        groups[-1].append(clause)
        room -= size
    return groups
