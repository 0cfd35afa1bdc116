"""Calls of functions of `templates/c`: copied to where they are used, or, in a program that uses many, called.

Before: ``strjoin(a, b)``  After: ``dt_strjoin(s->c1.m3, 256, s->c1.m1, 64, s->c1.m2, 256);``
Where they are called: ``s->passed[2] = (u64)(s->c1.m1); ... DT_CALL(called_1, scratch_number);``

The verifier walks a function at each place that it is copied to, and a function that is called once. But to call one
costs copies: it knows nothing of where its strings stand, so that they are taken from there and put there by helpers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dtrans.emit.clibrary import library_file
from dtrans.emit.storage import ScratchLayout, Shared, Slot
from dtrans.emit.writer import Writer

#: How many of the verifier's steps the functions of one attach point may take before they are called. Of the million
#: that there are; but each eighth of a string's length is a branch too, of which there may be 8192 at a time.
MOST_COPIED = 80_000
#: Those that are called wherever they are used: they go through a text a piece at a time, by functions of their own.
_CALLED = frozenset({"json"})


@dataclass(frozen=True, slots=True)
class To:
    """Where a function puts its string: an argument for the place, and one for its capacity."""

    slot: Slot


@dataclass(frozen=True, slots=True)
class Number:
    """An argument that is known at run time only."""

    text: str


#: A string is given by its `Slot`; a text is C as it stands: a constant, or a member of the scratch memory.
Argument = To | Slot | Number | str


@dataclass
class Calls:
    """The functions of one artifact that are called, and what those of the attach point at hand weigh."""

    shared: Shared
    scratch: ScratchLayout
    strsize: int
    #: Whether those of the attach point at hand are called.
    called: bool = False
    #: The verifier's steps for what was copied at the attach point at hand.
    steps: int = 0
    #: Definitions of the functions that are called, without their names, and their numbers.
    _made: dict[str, int] = field(default_factory=dict)

    def open(self, *, called: bool) -> None:
        """An attach point begins."""
        self.called, self.steps = called, 0

    @property
    def definitions(self) -> list[str]:
        """The functions that are called."""
        return [f"DT_SUBPROGRAM(called_{number}, program, b, c, d)\n{body}" for body, number in self._made.items()]

    def expression(self, writer: Writer, name: str, *args: Argument) -> str:
        """A call for its value, a C expression. What stands there already is computed first."""
        if not self.called and name not in _CALLED:
            return self._copied(name, args)
        return writer.temporary("u64", self._call(writer, name, args, "u64 result = "))

    def statement(self, writer: Writer, name: str, *args: Argument) -> None:
        """A call of a function that has no value."""
        writer.add(f"{self._call(writer, name, args, '') if self.called else self._copied(name, args)};")

    # --- copied ---------------------------------------------------------------------------------------

    def _copied(self, name: str, args: tuple[Argument, ...]) -> str:
        self.steps += _steps(name, args)
        texts = []
        for arg in args:
            match arg:
                case To(slot) | (Slot() as slot):
                    texts.append(f"{slot.address}, {slot.size}")
                case Number(text) | (str() as text):
                    texts.append(text)
        return f"{self.shared.function(name)}({', '.join(texts)})"

    # --- called ---------------------------------------------------------------------------------------

    def _call(self, writer: Writer, name: str, args: tuple[Argument, ...], keep: str) -> str:
        """Passes the arguments; the call itself. Strings are taken at the sizes that most have, so that one function
        serves most calls."""
        body, passed = list[str](), list[str]()
        texts = []
        given = ""
        for arg in args:
            index = len(passed)
            match arg:
                case To(slot):
                    size = self._size(slot)
                    self.scratch.area("into", size)
                    given = f"CALLED_GIVE({index}, {size});"
                    passed += [f"(u64)((char *)({slot.address}) - (char *)s)", str(slot.size)]
                    texts.append(f"s->into, {size}")
                case Slot():
                    size, place = self._size(arg), f"from{index}"
                    self.scratch.area(place, size)
                    body.append(f"CALLED_TAKE(s->{place}, {size}, {index});")
                    passed.append(f"(u64)({arg.address})")
                    texts.append(f"s->{place}, {size}")
                case Number(text):
                    passed.append(text)
                    texts.append(f"s->passed[{index}]")
                case text:
                    texts.append(text)
        self.scratch.keep("u64 passed[8];", 64)
        self.shared.function("subprogram")
        called = self.shared.function(name)
        if name in _CALLED:
            body += self._in_pieces(called, texts)
            texts = [texts[0], texts[-1]]
            called += "_end"
        body.append(f"{keep}{called}({', '.join(texts)});")
        body += [given, "return result;" if keep else "return 0;"]
        number = self._define(body)
        for index, value in enumerate(passed):
            writer.add(f"s->passed[{index}] = {value};")
        return f"DT_CALL(called_{number}, scratch_number)"

    def _in_pieces(self, name: str, texts: Sequence[str]) -> list[str]:
        """The statements by which json() goes through its path and its text, each by calls of a function that the
        verifier walks once, and not for each piece."""
        to, text, path, work = texts
        most = path.rpartition(" ")[2]
        lines = [f"{name}_begin({work});"]
        for part, given, whole in (("path", path, path), ("text", f"{to}, {text}, {most}", text)):
            number = self._define([f"return {name}_{part}({given}, {work}, b, DT_JSON_TURNS);"])
            size = whole.rpartition(" ")[2]
            lines += [
                f"for (u64 at = 0; at < {size}; at += DT_JSON_TURNS) {{",
                "\tDT_HIDE(at);",
                f"\tif (!DT_CALL(called_{number}, program, at)) break;",
                "}",
            ]
        return lines

    def _define(self, body: Sequence[str]) -> int:
        """The number of a function that is called, defined once."""
        text = "".join(f"\t{line}\n" for line in ("CALLED_SCRATCH(s, program);", *body) if line)
        return self._made.setdefault(f"{{\n{text}}}", len(self._made))

    def _size(self, slot: Slot) -> int:
        """A capacity that a string's own fits in: a word, in which searches are cheap, 64, or all that a string has."""
        return next((size for size in (8, 64) if slot.size <= size), max(slot.size, self.strsize))


def _steps(name: str, args: tuple[Argument, ...]) -> int:
    """What a call costs the verifier."""
    sizes = [arg.slot.size if isinstance(arg, To) else arg.size for arg in args if isinstance(arg, To | Slot)]
    match library_file(name).steps:
        case (steps,):
            pass
        case (short, byte):
            sought = sizes.pop()
            steps = short + (byte * sought if sought > 8 else 0)
        case _:
            steps = 0
    return steps * max(sizes, default=256) // 256
