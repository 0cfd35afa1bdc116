"""Programs of structures, unions and bit-fields whose output is known: a structure of random members, written and read
by them, copied whole, translated, and read as bytes.

Each clause does one thing; a fault in it prints what dtrace:::ERROR has in args[4]. The model keeps the memory of each
structure as a number, with the members at the bits where C for x86-64 has them (System V ABI, "Aggregates and Unions").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from hypothesis import strategies as st

from tests.generator.arithmetic import KINDS, VALUES, Kind

#: A bad address (sys/dtrace.h, DTRACEFLT_BADADDR).
BAD_ADDRESS = 1


@dataclass(frozen=True)
class Leaf:
    """An integer within a structure: how a program names it, at which bit it begins and how many it has."""

    path: str
    at: int
    bits: int
    kind: Kind

    @property
    def is_field(self) -> bool:
        """Whether it is a bit-field."""
        return self.bits != 8 * self.kind.size

    def of(self, memory: int) -> int:
        value = memory >> self.at & ((1 << self.bits) - 1)
        return value - (1 << self.bits) if self.kind.signed and value >> (self.bits - 1) else value

    def put(self, memory: int, value: int) -> int:
        mask = (1 << self.bits) - 1
        return memory & ~(mask << self.at) | (value & mask) << self.at


@dataclass
class Layout:
    """A structure or union that grows member by member. `text` declares its members. Offsets and sizes in bits."""

    union: bool = False
    text: str = ""
    end: int = 0
    align: int = 8
    leaves: list[Leaf] = field(default_factory=list)
    #: Members that have an address, and their offsets.
    addressed: list[tuple[str, int]] = field(default_factory=list)

    @property
    def size(self) -> int:
        return -(-self.end // self.align) * self.align

    def place(self, size: int, align: int, bits: int = 0) -> int:
        """Where the next member is. A bit-field stays within a unit of its type."""
        at = 0 if self.union else self._next
        wide = bits or size
        if not bits or at // size != (at + wide - 1) // size:
            at = -(-at // align) * align
        self._next = at + wide
        self.end = max(self.end, at + wide)
        self.align = max(self.align, align)
        return at

    _next: int = 0

    def add(self, name: str, kind: Kind, bits: int = 0, counts: tuple[int, ...] = ()) -> None:
        wide = 8 * kind.size
        self.text += f" {kind.name} {name}{f':{bits}' if bits else ''}{''.join(f'[{count}]' for count in counts)};"
        elements = list(_indices(counts))
        at = self.place(wide, wide, bits) if bits else self.place(wide * len(elements), wide)
        self.leaves += [Leaf(f"{name}{one}", at + n * wide, bits or wide, kind) for n, one in enumerate(elements)]
        if not bits:
            self.addressed.append((name, at))

    def hold(self, name: str, tag: str, inner: Layout, counts: tuple[int, ...] = ()) -> None:
        """A member that is a structure itself; without a name its members are this one's."""
        keyword = "union" if inner.union else "struct"
        head = f"{keyword} {tag}" if name else f"{keyword} {{{inner.text} }}"
        self.text += f" {head} {name}{''.join(f'[{count}]' for count in counts)};"
        elements = list(_indices(counts))
        at = self.place(inner.size * len(elements), inner.align)
        for number, one in enumerate(elements):
            start = at + number * inner.size
            prefix = f"{name}{one}." if name else ""
            self.leaves += [Leaf(prefix + leaf.path, start + leaf.at, leaf.bits, leaf.kind) for leaf in inner.leaves]
        self.addressed += [(name, at)] if name else [(path, at + offset) for path, offset in inner.addressed]


def _indices(counts: tuple[int, ...]) -> Iterator[str]:
    if not counts:
        yield ""
        return
    for index in range(counts[0]):
        yield from (f"[{index}]{more}" for more in _indices(counts[1:]))


@st.composite
def layouts(draw: st.DrawFn, declared: list[str], prefix: str, depth: int, *, union: bool) -> Layout:
    """A structure or union; `declared` gets the declarations that it needs."""
    made = Layout(union)
    for number in range(draw(st.integers(1 + (depth > 0), 5))):
        name = f"{prefix}{number}"
        match draw(st.sampled_from(("number", "field", "field", "array", "inner", "anonymous"))):
            case ("inner" | "anonymous") as word if depth > 0:
                is_union = draw(st.booleans())
                inner = draw(layouts(declared, f"{name}_", depth - 1, union=is_union))
                if word == "anonymous":
                    made.hold("", "", inner)
                    continue
                declared.append(f"{'union' if is_union else 'struct'} t{name} {{{inner.text} }};")
                made.hold(name, f"t{name}", inner, draw(st.sampled_from(((), (), (2,)))))
            case "field":
                kind = draw(st.sampled_from(KINDS))
                made.add(name, kind, draw(st.integers(1, 8 * kind.size - 1)))
            case "array":
                made.add(name, draw(st.sampled_from(KINDS)), counts=draw(st.sampled_from(((2,), (3,), (2, 2)))))
            case _:
                made.add(name, draw(st.sampled_from(KINDS)))
    return made


# --- places ----------------------------------------------------------------------------------------------------------

#: Where structures are kept, and whether each is there from the start; those that a program makes by assigning to
#: them fault before.
PLACES = {
    "g": True, "this->t": True, "r[1]": True, "r[gi]": True, "self->s": False, 'm[1, "a"]': False, "m[gi, gs]": False,
    "self->k[-1]": False,
}  # fmt: skip
#: Names of the same memory.
SAME = {"r[gi]": "r[2]", "m[gi, gs]": 'm[2, "b"]'}
VARIABLES = """\
struct rec g; this struct rec t; struct rec r[3]; self struct rec s; struct rec m[int, string];
self struct rec k[int64_t]; int gi; string gs; this struct rec *p; this uint8_t *bytes;
"""


class FaultError(Exception):
    """The clause ends here."""


@dataclass
class Memory:
    """What the structures hold: numbers as wide as they are."""

    layout: Layout
    held: dict[str, int] = field(default_factory=dict)

    def get(self, place: str) -> int:
        """Raises FaultError."""
        if not PLACES[place] and self._name(place) not in self.held:
            raise FaultError
        return self.held.get(self._name(place), 0)

    def put(self, place: str, value: int) -> None:
        self.held[self._name(place)] = value

    def put_leaf(self, place: str, leaf: Leaf, value: int) -> None:
        """A structure that is not there is made, all zeros."""
        self.put(place, leaf.put(self.held.get(self._name(place), 0), value))

    @staticmethod
    def _name(place: str) -> str:
        return SAME.get(place, place)


#: The text of a clause's body, and what it prints.
Act = tuple[str, Callable[[Memory], str]]


def _silent(act: Callable[[Memory], None]) -> Callable[[Memory], str]:
    def printed(memory: Memory) -> str:
        act(memory)
        return ""

    return printed


def _assignment(draw: st.DrawFn, leaves: list[Leaf]) -> Act:
    place, leaf, value = draw(_places), draw(st.sampled_from(leaves)), draw(VALUES)
    source, other = draw(_places), draw(st.sampled_from(leaves))
    target = f"{place}.{leaf.path}"
    match draw(st.sampled_from(("constant", "constant", "member", "added", "stepped"))):
        case "member":
            return (
                f"{target} = {source}.{other.path};",
                _silent(lambda memory: memory.put_leaf(place, leaf, other.of(memory.get(source)))),
            )
        case "added":
            op = draw(st.sampled_from("+-^|&"))
            done: Callable[[int], int] = {
                "+": lambda old: old + value, "-": lambda old: old - value, "^": lambda old: old ^ value,
                "|": lambda old: old | value, "&": lambda old: old & value,
            }[op]  # fmt: skip
            return (
                f"{target} {op}= (int64_t){value & 2**64 - 1:#x};",
                _silent(lambda memory: memory.put_leaf(place, leaf, done(leaf.of(_old(memory, place))))),
            )
        case "stepped":
            return f"{target}++;", _silent(
                lambda memory: memory.put_leaf(place, leaf, leaf.of(_old(memory, place)) + 1)
            )
    return f"{target} = (int64_t){value & 2**64 - 1:#x};", _silent(lambda memory: memory.put_leaf(place, leaf, value))


def _old(memory: Memory, place: str) -> int:
    """What an assignment finds: all zeros where nothing is yet."""
    return memory.held.get(SAME.get(place, place), 0)


def _reading(draw: st.DrawFn, leaves: list[Leaf]) -> Act:
    place, some = draw(_places), draw(st.lists(st.sampled_from(leaves), min_size=1, max_size=5))
    words = " ".join("%d" for _ in some)
    values = ", ".join(f"{place}.{leaf.path}" for leaf in some)
    return (
        f'printf("{words}\\n", {values});',
        lambda memory: " ".join(str(leaf.of(memory.get(place))) for leaf in some) + "\n",
    )


def _calculation(draw: st.DrawFn, leaves: list[Leaf]) -> Act:
    """Members as operands: a test, and a sum in 64 bits."""
    (one, two), (first, second) = (draw(_places), draw(_places)), (draw(st.sampled_from(leaves)) for _ in range(2))

    def printed(memory: Memory) -> str:
        left, right = first.of(memory.get(one)), second.of(memory.get(two))
        return f"{(left + right + 2**63) % 2**64 - 2**63} {int(bool(left))}\n"

    left, right = f"{one}.{first.path}", f"{two}.{second.path}"
    return f'printf("%d %d\\n", (int64_t){left} + (int64_t){right}, {left} ? 1 : 0);', printed


def _copy(draw: st.DrawFn, _leaves: list[Leaf]) -> Act:
    target, source = draw(_places), draw(_places)
    return f"{target} = {source};", _silent(lambda memory: memory.put(target, memory.get(source)))


def _translation(draw: st.DrawFn, leaves: list[Leaf]) -> Act:
    """By the translator, which makes the first member and leaves the rest 0."""
    target, value, leaf = draw(_places), draw(st.integers(-9, 300)), leaves[0]
    made = leaf.put(0, value)
    if draw(st.booleans()):
        return f"{target} = xlate <struct rec>((int64_t){value});", _silent(lambda memory: memory.put(target, made))
    shown = leaf.kind.cut(value)
    return f'printf("%d\\n", xlate <struct rec>((int64_t){value}).{leaf.path});', lambda _: f"{shown}\n"


def _bytes(draw: st.DrawFn, _leaves: list[Leaf]) -> Act:
    """Through a pointer, byte by byte."""
    source = draw(_places)
    text = "this->p = (struct rec *)alloca(sizeof (struct rec)); *this->p = %s; this->bytes = (uint8_t *)this->p;"

    def printed(memory: Memory) -> str:
        value, size = memory.get(source), memory.layout.size // 8
        return f"{value & 255} {value >> 8 * (size // 2) & 255} {value >> 8 * (size - 1)}\n"

    places = ", ".join(f"this->bytes[{at}]" for at in ("0", "sizeof (struct rec) / 2", "sizeof (struct rec) - 1"))
    return f'{text % source} printf("%d %d %d\\n", {places});', printed


def _through_pointer(draw: st.DrawFn, leaves: list[Leaf]) -> Act:
    source, leaf, value, other = draw(_places), draw(st.sampled_from(leaves)), draw(VALUES), draw(_places)

    def act(memory: Memory) -> None:
        memory.put(other, leaf.put(memory.get(source), value))

    text = f"this->p = (struct rec *)alloca(sizeof (struct rec)); *this->p = {source};"
    return f"{text} this->p->{leaf.path} = (int64_t){value & 2**64 - 1:#x}; {other} = *this->p;", _silent(act)


def _sizes(draw: st.DrawFn, layout: Layout) -> Act:
    path, at = draw(st.sampled_from(layout.addressed or [("", 0)]))
    size = layout.size // 8
    offset = f"offsetof(struct rec, {path})" if path else "0"
    return f'printf("%d %d\\n", sizeof (struct rec), {offset});', lambda _: f"{size} {at // 8}\n"


def _dump(draw: st.DrawFn, _leaves: list[Leaf]) -> Act:
    """tracemem() of a structure: sixteen bytes a line, under a ruler."""
    source = draw(_places)
    text = f"this->p = (struct rec *)alloca(sizeof (struct rec)); *this->p = {source};"

    def printed(memory: Memory) -> str:
        data = memory.get(source).to_bytes(memory.layout.size // 8, "little")
        ruler = "".join(f"  {digit:x}" for digit in range(16))
        lines = [f"\n{'':11}{ruler}  0123456789abcdef\n"]
        for start in range(0, len(data), 16):
            part = data[start : start + 16]
            codes = "".join(f" {code:02x}" for code in part)
            characters = "".join(chr(code) if 32 <= code < 127 else "." for code in part)
            lines.append(f"     {start:5x}:{codes:48}  {characters}\n")
        return "".join(lines) + "\n"

    return f'{text} tracemem(this->p, sizeof (struct rec)); printf("\\n");', printed


_places = st.sampled_from(sorted(PLACES))


@st.composite
def records(draw: st.DrawFn) -> tuple[str, str]:
    """A program of thirty clauses, and what it must print."""
    declared: list[str] = []
    layout = draw(layouts(declared, "m", 2, union=draw(st.integers(0, 4)) == 0))
    head = "union" if layout.union else "struct"
    leaves = layout.leaves
    whole = [*declared, f"{head} rec {{{layout.text} }};"]
    translates = not layout.union and "." not in leaves[0].path and "[" not in leaves[0].path
    acts = [_assignment, _assignment, _reading, _reading, _calculation, _copy, _bytes, _through_pointer, _dump]
    acts += [_translation] if translates else []
    memory = Memory(layout)
    printed, clauses = "", ['BEGIN { gi = 2; gs = "b"; this->t = g; }']
    for number in range(30):
        text, act = _sizes(draw, layout) if number % 10 == 0 else draw(st.sampled_from(acts))(draw, leaves)
        clauses.append(f"BEGIN {{ {text} }}")
        try:
            printed += act(memory)
        except FaultError:
            printed += f"fault {BAD_ADDRESS}\n"
    if translates:
        whole.append(f"translator struct rec < int64_t N > {{ {leaves[0].path} = N; }};")
    end = 'ERROR { printf("fault %d\\n", arg4); }\nBEGIN { exit(0); }'
    text = "\n".join((*whole, VARIABLES, *clauses, end))
    return text.replace("struct rec", f"{head} rec"), printed
