"""Programs of strings whose output is known: subroutines in each other, variables set and read again, NULL, faults.

Each clause sets a variable or prints an expression; a fault in it prints what dtrace:::ERROR has in args[4].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.generator.documents import found
from tests.generator.subroutines import (
    STRSIZE,
    basename,
    cleanpath,
    dirname,
    index,
    lltostr,
    rindex,
    strtoll,
    substr,
    tokens,
)


class FaultError(Exception):
    """The clause ends here."""


#: A bad address: what reading the characters of NULL gives (sys/dtrace.h, DTRACEFLT_BADADDR).
BAD_ADDRESS = 1

Value = bytes | int | None | type[FaultError]


@dataclass(frozen=True)
class Term:
    """An expression's text and its value: a string, a number, NULL, or none since it faults."""

    text: str
    value: Value

    @property
    def characters(self) -> bytes:
        """A string's characters. Raises FaultError."""
        if not isinstance(self.value, bytes):
            raise FaultError
        return self.value

    @property
    def compared(self) -> bytes:
        """NULL is compared as an empty string."""
        return b"" if self.value is None else self.characters

    @property
    def number(self) -> int:
        if not isinstance(self.value, int):
            raise FaultError
        return self.value


def term(text: str, make: Callable[[], bytes | int | None]) -> Term:
    """An expression of parts that may fault."""
    try:
        value = make()
    except FaultError:
        return Term(text, FaultError)
    return Term(text, value[: STRSIZE - 1] if isinstance(value, bytes) else value)


def rest(s: bytes, at: int) -> bytes | None:
    return s[at:] if at >= 0 else None


STRINGS = st.one_of(
    st.sampled_from(
        ["", "a", "/", "//usr/./lib/../bin/", "a,b;;c", "abcabcabc", "-42xyz", "0x1F", "%d %s", " 17", "x" * 200]
    ),
    st.text("ab/.,;", max_size=12),
    st.text("abcdefgh 0123456789", max_size=40),
)
NUMBERS = st.one_of(st.integers(-4, 12), st.sampled_from([-300, -256, 255, 256, 300, 2**31 - 1]))
#: Variables of every kind that holds a string, all NULL or empty at first.
VARIABLES = {
    "gs": b"", "this->s": b"", "self->s": None, "as_[1]": None, 'at["k", 2]': None, "names[2]": b"", "gr.name": b"",
    "self->b[gi]": None,
}  # fmt: skip
#: Those that are memory, to which a string is copied: NULL has none to copy.
MEMORY = ("names[2]", "gr.name")
DECLARATIONS = """
struct rec { int n; string name; char pad[3]; };
string gs; this string s; self string s; string as_[int]; string at[string, int]; string names[4]; struct rec gr;
self string b[int]; int gi;
inline string paren[string s] = strjoin("(", strjoin(s, ")"));
"""

#: Subroutines of one string.
OF_ONE: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("basename", basename),
    ("dirname", dirname),
    ("cleanpath", cleanpath),
    ("toupper", bytes.upper),
    ("tolower", bytes.lower),
)
Known = dict[str, bytes | None]


@st.composite
def numbers(draw: st.DrawFn, known: Known, depth: int) -> Term:
    if depth <= 0 or draw(st.integers(0, 2)) == 0:
        value = draw(NUMBERS)
        return Term(str(value) if value >= 0 else f"({value})", value)
    s, n, m = texts(known, depth - 1), texts(known, depth - 1), numbers(known, depth - 1)
    one, two = draw(s), draw(n)
    match draw(st.sampled_from(("strlen", "index", "rindex", "from", "backwards", "strtoll", "compare", "sum"))):
        case "strlen":
            return term(f"(int)strlen({one.text})", lambda: len(one.characters))
        case "index":
            return term(f"index({one.text}, {two.text})", lambda: index(one.characters, two.characters, 0))
        case "rindex":
            return term(
                f"rindex({one.text}, {two.text})", lambda: rindex(one.characters, two.characters, len(one.characters))
            )
        case "from":
            at = draw(m)
            return term(
                f"index({one.text}, {two.text}, {at.text})",
                lambda: index(one.characters, two.characters, at.number),
            )
        case "backwards":
            at = draw(m)
            return term(
                f"rindex({one.text}, {two.text}, {at.text})",
                lambda: rindex(one.characters, two.characters, at.number),
            )
        case "strtoll":
            return term(f"(int)(strtoll({one.text}) & 511)", lambda: strtoll(one.characters, 10) & 511)
        case "compare":
            op = draw(st.sampled_from(("==", "!=", "<", "<=", ">", ">=")))
            return term(
                f"({one.text} {op} {two.text})",
                lambda: int(
                    {
                        "==": one.compared == two.compared,
                        "!=": one.compared != two.compared,
                        "<": one.compared < two.compared,
                        "<=": one.compared <= two.compared,
                        ">": one.compared > two.compared,
                        ">=": one.compared >= two.compared,
                    }[op]
                ),
            )
    left, right = draw(m), draw(m)
    return term(f"(({left.text}) % 512 - ({right.text}) % 512)", lambda: _modulo(left.number) - _modulo(right.number))


def _modulo(value: int) -> int:
    return value % 512 if value >= 0 else -(-value % 512)


_FORMS = (
    "strjoin", "strjoin", "substr", "rest", "?:", "?:", "one", "one", "inline", "strstr", "strchr", "strtok", "lltostr",
    "json",
)  # fmt: skip


@st.composite
def texts(draw: st.DrawFn, known: Known, depth: int) -> Term:
    if depth <= 0 or draw(st.integers(0, 3)) == 0:
        if draw(st.booleans()):
            name = draw(st.sampled_from(sorted(known)))
            return Term(name, known[name])
        text = draw(STRINGS)
        return Term(f'"{text}"', text.encode())
    inner, count = texts(known, depth - 1), numbers(known, depth - 1)
    one = draw(inner)
    match draw(st.sampled_from(_FORMS)):
        case "strjoin":
            two = draw(inner)
            return term(f"strjoin({one.text}, {two.text})", lambda: one.characters + two.characters)
        case "substr":
            start, length = draw(count), draw(count)
            return term(
                f"substr({one.text}, {start.text}, {length.text})",
                lambda: substr(one.characters, start.number, length.number),
            )
        case "rest":
            start = draw(count)
            return term(f"substr({one.text}, {start.text})", lambda: substr(one.characters, start.number, None))
        case "?:":
            test, two = draw(count), draw(inner)
            taken = None if isinstance(test.value, type) else one if test.value else two
            # A constant test would leave nothing of the other branch.
            return Term(
                f"(({test.text}) + gi != 0 ? {one.text} : {two.text})", FaultError if taken is None else taken.value
            )
        case "one":
            name, model = draw(st.sampled_from(OF_ONE))
            return term(f"{name}({one.text})", lambda: model(one.characters))
        case "inline":
            return term(f"paren[{one.text}]", lambda: b"(" + (one.characters + b")")[: STRSIZE - 1])
        case "strstr":
            two = draw(inner)
            return term(
                f"strstr({one.text}, {two.text})",
                lambda: rest(one.characters, one.characters.find(two.characters)),
            )
        case "strchr":
            sought = draw(st.sampled_from("ab/,x"))
            name, at = draw(st.sampled_from((("strchr", bytes.find), ("strrchr", bytes.rfind))))
            return term(
                f"{name}({one.text}, '{sought}')", lambda: rest(one.characters, at(one.characters, sought.encode()))
            )
        case "json":
            document, path, value = draw(found())
            shown = document.replace('"', '\\"')
            return term(f'json("{shown}", "{path}")', lambda: None if value is None else value.encode())
        case "strtok":
            delimiters = draw(st.sampled_from((",", "/", ";,", "abc", " ")))
            if one.value is None:  # It would go on in the string of the strtok() before.
                one = term(f'strjoin("", {one.text})', lambda: one.characters)
            return term(
                f'strtok({one.text}, "{delimiters}")',
                lambda: next(iter(tokens(one.characters, delimiters.encode())), None),
            )
    number, base = draw(count), draw(st.sampled_from((2, 8, 10, 16, 36)))
    return term(f"lltostr({number.text}, {base})", lambda: lltostr(number.number, base).encode())


@st.composite
def lines(draw: st.DrawFn) -> tuple[str, list[bytes]]:
    """A program of twelve clauses, and the lines that it must print."""
    known = dict(VARIABLES)
    clauses, expected = [DECLARATIONS], list[bytes]()
    for _ in range(12):
        fault = b"fault %d" % BAD_ADDRESS
        match draw(st.sampled_from(("number", "text", "assign"))):
            case "number":
                shown = draw(numbers(known, 3))
                clauses.append(f'BEGIN {{ printf("%d\\n", {shown.text}); }}')
                expected.append(b"%d" % shown.value if isinstance(shown.value, int) else fault)
            case "text":
                shown = draw(texts(known, 3))
                clauses.append(f'BEGIN {{ printf("%s\\n", {shown.text}); }}')
                expected.append(shown.value if isinstance(shown.value, bytes) else fault)
            case "assign":
                name, value = draw(st.sampled_from(sorted(known))), draw(texts(known, 3))
                clauses.append(f"BEGIN {{ {name} = {value.text}; }}")
                if isinstance(value.value, bytes) or (value.value is None and name not in MEMORY):
                    known[name] = value.value
                else:
                    expected.append(fault)
    clauses.append('ERROR { printf("fault %d\\n", arg4); }\nBEGIN { exit(0); }')
    return "\n".join(clauses), expected
