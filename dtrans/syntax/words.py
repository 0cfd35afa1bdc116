"""Words become keywords, names of types, or names: the one place where D is not context free.

    (uint64_t)x   ->  '(' TYPE_NAME ')' NAME
    (bytes)*2     ->  '(' NAME ')' '*' INT
    struct proc   ->  STRUCT NAME

libdtrace asks the kernel's types as it reads (dt_lex.l, ``id_or_type``). This parser knows no kernel. It asks:

1. The grammar. The parser's state says whether a type's name, a plain name, or both may come next. That alone settles
   declarations, members, tags, ``offsetof``, ``xlate <type>`` and most brackets.
2. The tokens that follow, where both may come. After ``(``: ``(name *)`` and ``(name const *)`` hold a type, and
   ``(name)`` before an operand (a word, a constant, ``~ ! ( $ @``) is a cast. After ``[``: ``[name, ...]``,
   ``[name *]`` and ``[name name]`` list types. After ``self`` or ``typedef``: ``name`` before ``; , [ =`` is what is
   declared (``self x;``).
3. What the program declared so far, then `is_type`: for ``(name)`` before ``- + * & ++ --``, for ``sizeof (name)`` and
   for ``[name]``.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any, Protocol

from sly.lex import Token

IsType = Callable[[str], bool]

KEYWORDS = {
    **dict.fromkeys("void char short int long float double signed unsigned string".split(), "TYPE_WORD"),
    **dict.fromkeys("const restrict volatile".split(), "QUALIFIER"),
    **dict.fromkeys("auto extern register static typedef".split(), "STORAGE"),
    **dict.fromkeys("struct union".split(), "STRUCT"),
    **{word: word.upper() for word in "else enum if offsetof self sizeof stringof this xlate".split()},
}

OPENING_WORDS = {
    "inline": "INLINE",
    "probe": "DECLARE_PROBE",
    "provider": "PROVIDER",
    "translator": "TRANSLATOR",
}
"""Keywords only where the grammar can take them; they name nothing else either."""

RESERVED = frozenset("break case continue counter default do for goto import return switch while".split())
"""C's statements, and words kept for later (Guide, "Types, Operators, and Expressions"): D has none of them, and does
not let them name a variable either."""

_BASE_TYPES = frozenset(
    "size_t ssize_t pid_t tid_t uid_t gid_t id_t dev_t ino_t off_t mode_t time_t clock_t key_t daddr_t caddr_t "
    "boolean_t longlong_t u_longlong_t uchar_t ushort_t uint_t ulong_t uintptr_t intptr_t ptrdiff_t "
    "u_char u_short u_int u_long u8 u16 u32 u64 s8 s16 s32 s64 uint ulong ushort _Bool bool".split()
)

_OPERANDS = frozenset({"WORD", "INT", "CHAR", "STRING", "MACRO", "AGGREGATION", "~", "!", "("})
_EITHER = frozenset({"-", "+", "*", "&", "STEP"})
_QUALIFIERS = frozenset({"const", "volatile", "restrict"})


def is_base_type(name: str) -> bool:
    """The default for `is_type`: names that C, POSIX and Solaris use for types. By the common convention, any that
    ends in ``_t`` is one."""
    return name in _BASE_TYPES or name.endswith("_t")


class _State(Protocol):
    """What the running SLY parser shows: the number of its state."""

    state: int


def classified(
    tokens: list[Token], parser: _State, actions: Any, declared: Mapping[str, bool], is_type: IsType
) -> Iterator[Token]:
    """The tokens, each `WORD` given its final type just as the parser takes it. Raises the value of an ``ERROR`` token.

    `actions` are the parser's tables: state -> token type -> action. `declared` says of the program's own names
    whether they name types.
    """
    for at, token in enumerate(tokens):
        if token.type == "WORD":
            expected = actions[parser.state]
            before = tokens[at - 1].type
            word = token.value
            if before in {"ARROW", "."}:
                token.type = "NAME"
            elif (keyword := KEYWORDS.get(word)) or ((keyword := OPENING_WORDS.get(word)) and keyword in expected):
                token.type = keyword
            elif word in RESERVED or word in OPENING_WORDS:
                token.type = "RESERVED"
            elif "TYPE_NAME" in expected and (
                "NAME" not in expected
                or _names_type(tokens, at, expected, lambda name: declared.get(name, is_type(name)))
            ):
                token.type = "TYPE_NAME"
            else:
                token.type = "SYMBOL" if "`" in word else "NAME"
        elif token.type == "MACRO" and tokens[at - 1].type in {"ARROW", "."}:
            token.type = "NAME"  # a member, or a variable of a thread or a clause, that an argument names
        elif token.type == "ERROR":
            raise token.value
        yield token


def _names_type(tokens: list[Token], at: int, expected: Container[str], is_type: IsType) -> bool:
    """Whether the word at `at` names a type, where the grammar takes either."""
    word: str = tokens[at].value
    opener = tokens[at - 1].type
    if opener in {"STORAGE", "SELF", "THIS"}:
        return _type(tokens, at + 1) not in {";", ",", "[", "="}
    end = at + 1
    pointer = False
    while _type(tokens, end) == "*" or _qualifies(tokens, end):
        pointer = True
        end += 1
    closer = _type(tokens, end)
    if opener != "(" or "INT" not in expected:  # the keys or the size of an array, the parameters of a function
        if pointer:
            return closer in {"]", ",", ")"} or is_type(word)
        return closer in {"WORD", ","} or (closer in {"]", ")", "(", "["} and is_type(word))
    if pointer:
        return closer == ")" or (closer in {"(", "["} and is_type(word))
    match closer:
        case ")":
            if tokens[at - 2].type == "SIZEOF":
                return is_type(word)
            after = _type(tokens, end + 1)
            return after in _OPERANDS or (after in _EITHER and is_type(word))
        case "(":
            return _type(tokens, end + 1) == "*" and (_type(tokens, end + 2) == ")" or is_type(word))
        case "[":  # nothing is cast to an array
            return tokens[at - 2].type == "SIZEOF" and _after_brackets(tokens, end) == ")" and is_type(word)
    return False


def _after_brackets(tokens: list[Token], at: int) -> str:
    """The type of the token after the pairs of square brackets that begin at `at`."""
    depth = 0
    while (kind := _type(tokens, at)) and (depth or kind == "["):
        depth += (kind == "[") - (kind == "]")
        at += 1
    return kind


def _type(tokens: list[Token], at: int) -> str:
    return str(tokens[at].type) if at < len(tokens) else ""


def _qualifies(tokens: list[Token], at: int) -> bool:
    return at < len(tokens) and tokens[at].type == "WORD" and tokens[at].value in _QUALIFIERS
