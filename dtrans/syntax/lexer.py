r"""Text to tokens. D has two lexical worlds, and a SLY lexer for each.

* `ProgramLexer`, between clauses: ``pid$target:libc:mal*:entry`` is one token, a probe description. Whether a first
  word begins a description or a declaration is seen from what follows it: ``dev_t x;`` and ``foo_t *p;`` declare
  (word, stars, name, then one of ``; [ ( , =``), ``foo {`` and ``rea* /pid/`` describe. A keyword of D's declarations
  always declares; anything with ``: - . ? ! $`` in it describes.
* `ClauseLexer`, inside predicates, braces and declarations: C's tokens and D's own. There ``/`` ends a predicate when,
  outside parentheses and past blanks and comments, ``{``, ``;``, ``/`` or the end of the text follows; else it divides.

    BEGIN /x > 1/ { trace("a"); }
    ->  PROBE  PRED_OPEN WORD '>' INT PRED_CLOSE  '{' WORD '(' STRING ')' ';' '}'

Words stay plain here (`WORD`): `dtrans.syntax.words` says which are keywords, names of types, or names, as it
depends on what the grammar expects. Control lines do not become tokens: see `Scan`.
Facts: libdtrace dt_lex.l, and the Guide, chapter "Program Structure".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from sly.lex import Lexer, Token

from dtrans.syntax.constants import BadConstantError, character, integer, unescape
from dtrans.syntax.directives import Directive, Marker, directive

if TYPE_CHECKING:
    _F = TypeVar("_F", bound=Callable[..., Any])

    def _(*patterns: str) -> Callable[[_F], _F]: ...


Entry = Literal["PROGRAM", "EXPRESSION", "TYPE"]

_BLANKS = re.compile(r"(?:[ \t\n\r\f\v]+|/\*(?:[^*]|\*(?!/))*\*/|//[^\n]*|#[^\n]*)*")
_NAME = re.compile(r"[A-Za-z_`][0-9A-Za-z_`]*")
_POINTER = re.compile(r"\*|(?:const|volatile|restrict)\b")
_DECLARING = frozenset(
    "auto char const double enum extern float inline int long provider register restrict self short signed static "
    "string struct this translator typedef union unsigned void volatile".split()
)
_OPERATORS = {
    "->": "ARROW",
    "...": "ELLIPSIS",
    **dict.fromkeys(("++", "--"), "STEP"),
    "&&": "AND",
    "||": "OR",
    "^^": "XOR",
    **dict.fromkeys(("==", "!="), "EQUALITY"),
    **dict.fromkeys(("<=", ">="), "RELATION"),
    **dict.fromkeys(("<<", ">>"), "SHIFT"),
    **dict.fromkeys(("+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="), "ASSIGN"),
}


class LexicalError(Exception):
    """Text that is no token. Offsets are into the text that was scanned."""

    def __init__(self, tag: str, message: str, start: int, end: int, hint: str = "") -> None:
        super().__init__(message)
        self.tag = tag
        self.message = message
        self.start = start
        self.end = end
        self.hint = hint


class Scan(NamedTuple):
    """The tokens of one text, in order, after a first one that names the grammar's entry. Where the text is wrong
    they end in one of type ``ERROR``, whose value is the `LexicalError`. `directives` are (directive, start, end);
    `origins` as in `Source`."""

    tokens: list[Token]
    directives: list[tuple[Directive, int, int]]
    origins: tuple[tuple[int, str, int], ...]


class _DLexer(Lexer):  # type: ignore[misc]
    """What both worlds share: blanks, comments, control lines; and the state that leads from one to the other."""

    tokens = {"COMMENT"}
    ignore = " \t\n\r\f\v"

    def __init__(self, name: str) -> None:
        self.name = name
        self.until = ""
        """What ends this stay in `ClauseLexer`: ``;`` a declaration, ``}`` a body, ``/`` a predicate."""
        self.braces = 0
        self.parens = 0
        self.directives: list[tuple[Directive, int, int]] = []
        self.origins: list[tuple[int, str, int]] = []
        self._row = (0, 1)

    @_(r"/\*")
    def COMMENT(self, token: Token) -> None:
        end = self.text.find("*/", token.end)
        nested = self.text.find("/*", token.end, end if end >= 0 else len(self.text))
        if nested >= 0:
            hint = f"the comment it stands in was opened on line {self.row_of(token.index)}"
            raise LexicalError("D_SYNTAX", "/* encountered inside a comment", nested, nested + 2, hint)
        if end < 0:
            raise LexicalError("D_SYNTAX", "end-of-file encountered before matching */", token.index, token.end)
        self.index = end + 2

    @_(r"//[^\n]*")
    def LINE_COMMENT(self, token: Token) -> Token | None:
        # In ``/pid == 1//* all of them */ {`` the first slash ends the predicate.
        if self.until == "/" and _next(self.text, token.index + 1) in "{;":
            self.index = token.end = token.index + 1
            token.value = "/"
            return self.punctuation(token)
        return None

    @_(r"#[^\n]*")
    def CONTROL(self, token: Token) -> None:
        before = self.text.rfind("\n", 0, token.index) + 1
        if self.text[before : token.index].strip(" \t\f\v"):
            raise LexicalError("D_SYNTAX", 'syntax error near "#"', token.index, token.index + 1)
        if token.value.startswith("#!"):
            return
        try:
            found = directive(token.value[1:].rstrip("\r"))
        except BadConstantError as error:
            raise LexicalError(error.tag, error.message, token.index, token.end, _about_control(token.value)) from None
        match found:
            case Directive():
                self.directives.append((found, token.index, token.end))
            case Marker(line, file):
                self.add_origin(self.row_of(token.index) + 1, line, file)
            case None:
                pass

    @_(r"\\\r?\n")
    def CONTINUATION(self, _token: Token) -> None:
        return None

    def punctuation(self, token: Token) -> Token:
        token.type = token.value
        return token

    def row_of(self, index: int) -> int:
        """The line of an offset. Control lines come in order, so that counting goes on from the last one."""
        start, row = self._row
        lines: int = self.text.count("\n", min(start, index), max(start, index))
        row += lines if index >= start else -lines
        self._row = (index, row)
        return row

    def add_origin(self, row: int, line: int, file: str | None) -> None:
        if file is None:
            file = self.origins[-1][1] if self.origins else self.name
        self.origins.append((row, file, line))

    def error(self, token: Token) -> None:
        char = token.value[0]
        near = "end-of-input" if char == "\0" else f'"{char if char.isprintable() else ascii(char)[1:-1]}"'
        hint = _ABOUT_CHARACTER.get(char, "")
        raise LexicalError("D_SYNTAX", f"syntax error near {near}", token.index, token.index + 1, hint)


class ProgramLexer(_DLexer):
    """Between clauses and declarations."""

    tokens = {"PROBE", "PROBE_ID", "PUNCTUATION"}

    @_(r"[-$:a-zA-Z_`.?*\\\[\]!][-$:0-9a-zA-Z_.`?*\\\[\]!]*")
    def PROBE(self, token: Token) -> Token | None:
        if _declares(self.text, token.value, token.index):
            self.index = token.index
            self.until = ";"
            self.begin(ClauseLexer)
            return None
        return token

    @_(r"[0-9][0-9a-zA-Z_]*")
    def PROBE_ID(self, token: Token) -> Token:
        return _integer(token)

    @_(r"[/{,]")
    def PUNCTUATION(self, token: Token) -> Token:
        token.type = token.value
        if token.value != ",":
            self.parens = self.braces = 0
            self.until = "/"
            if token.value == "/":
                token.type = "PRED_OPEN"
            else:
                self.until = "}"
                self.braces = 1
            self.begin(ClauseLexer)
        return token


class ClauseLexer(_DLexer):
    """Inside predicates, bodies and declarations."""

    tokens = {"WORD", "INT", "FLOAT", "STRING", "CHAR", "AGGREGATION", "MACRO", "OPERATOR", "PUNCTUATION"}
    literals = set("+-*%&|^!~<>=?:.,")

    WORD = r"[a-zA-Z_`][0-9a-zA-Z_`]*"

    @_(r"\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+[eE][-+]")
    def FLOAT(self, token: Token) -> None:
        raise LexicalError("D_SYNTAX", "floating-point constants are not permitted", token.index, token.end)

    @_(r"[0-9][0-9a-zA-Z_`]*")
    def INT(self, token: Token) -> Token:
        if "`" in token.value:  # a kernel module's name may begin with a digit
            token.type = "WORD"
            return token
        return _integer(token)

    @_(r'"[^"\\\n]*(?:\\[^\n][^"\\\n]*)*"')
    def STRING(self, token: Token) -> Token:
        token.value = unescape(token.value[1:-1])
        return token

    @_(r"'[^'\\\n]*(?:\\[^\n][^'\\\n]*)*'")
    def CHAR(self, token: Token) -> Token:
        try:
            token.value = character(token.value[1:-1])
        except BadConstantError as error:
            raise LexicalError(error.tag, error.message, token.index, token.end) from None
        return token

    @_(r"[\"'][^\n]*")
    def UNCLOSED(self, token: Token) -> None:
        tag, what = ("D_STR_NL", "string literal") if token.value[0] == '"' else ("D_CHR_NL", "character constant")
        found = "newline" if token.end < len(self.text) else "end-of-file"
        message = f"{found} encountered in {what}"
        raise LexicalError(tag, message, token.index, token.end, f"close it with a {token.value[0]} on the same line")

    @_(r"@(?:[a-zA-Z_][0-9a-zA-Z_]*)?")
    def AGGREGATION(self, token: Token) -> Token:
        token.value = token.value[1:]
        return token

    MACRO = r"\$\$?(?:[0-9]+|[a-zA-Z_][0-9a-zA-Z_]*)"

    @_(r"\.\.\.|<<=|>>=|->|\+\+|--|&&|\|\||\^\^|<<|>>|[-+*/%&|^=!<>]=")
    def OPERATOR(self, token: Token) -> Token:
        token.type = _OPERATORS[token.value]
        return token

    @_(r"[()\[\]{};/]")
    def PUNCTUATION(self, token: Token) -> Token:
        return self.punctuation(token)

    def punctuation(self, token: Token) -> Token:
        char = token.type = token.value
        match char:
            case "(" | "[":
                self.parens += 1
            case ")" | "]":
                self.parens -= 1
            case "{":
                self.braces += 1
            case "}":
                self.braces -= 1
                if self.until == "}" and self.braces <= 0:
                    self._leave()
            case ";" if self.until == ";" and self.braces <= 0:
                self._leave()
            case "/" if self.until == "/" and _ends_predicate(self.text, token.end):
                if self.parens > 0:
                    message = "closing ) or ] expected in predicate before /"
                    raise LexicalError("D_SYNTAX", message, token.index, token.end)
                token.type = "PRED_CLOSE"
                self._leave()
        return token

    def _leave(self) -> None:
        self.until = ""
        self.parens = self.braces = 0
        self.begin(ProgramLexer)


_ABOUT_CHARACTER = {
    ";": "D has no empty statement between clauses: leave the ; out",
    "}": "there is no { open here: one } too many, or the { before the clause's actions is missing",
    '"': "a string has no place here: actions stand between { and }",
    "(": "is the { before the clause's actions missing?",
    "=": "is the { before the clause's actions missing? A global is assigned in a clause such as BEGIN { ... }",
    "@": "is the { before the clause's actions missing?",
}


def _about_control(line: str) -> str:
    words = line[1:].split()
    if words and words[0] in {"include", "define", "undef", "if", "ifdef", "ifndef", "else", "elif", "endif"}:
        return "run the preprocessor first: option -C"
    return ""


def scan(text: str, name: str, entry: Entry) -> Scan:
    """The tokens of a text. `name` is what line markers without a file refer to. Raises nothing."""
    lexer: _DLexer = ProgramLexer(name) if entry == "PROGRAM" else ClauseLexer(name)
    tokens = [_token(entry, entry, 0, 0)]
    try:
        tokens.extend(lexer.tokenize(text))
    except LexicalError as error:
        tokens.append(_token("ERROR", error, error.start, error.end))
    return Scan(tokens, lexer.directives, tuple(lexer.origins))


def _token(kind: str, value: object, start: int, end: int) -> Token:
    token = Token()
    token.type, token.value, token.lineno, token.index, token.end = kind, value, 1, start, end
    return token


def _integer(token: Token) -> Token:
    try:
        token.value = integer(token.value)
    except BadConstantError as error:
        raise LexicalError(error.tag, error.message, token.index, token.end) from None
    return token


def _after_blanks(text: str, index: int) -> int:
    match = _BLANKS.match(text, index)
    return match.end() if match else index


def _ends_predicate(text: str, index: int) -> bool:
    return _next(text, index) in "{;/"


def _next(text: str, index: int) -> str:
    """The next character that is neither blank nor in a comment or control line; "" at the end."""
    at = _after_blanks(text, index)
    return text[at : at + 1]


def _declares(text: str, written: str, index: int) -> bool:
    """Whether what stands at `index`, which would also do for a probe description, begins a declaration."""
    word = _NAME.match(text, index)
    if word is None:
        return False
    if written == word.group() and written in _DECLARING:
        return True
    if written in {"BEGIN", "END", "ERROR"} or (len(written) > word.end() - index and text[word.end()] != "*"):
        return False
    at = _after_blanks(text, word.end())
    while star := _POINTER.match(text, at):
        at = _after_blanks(text, star.end())
    if text.startswith("(", at):
        return text.startswith("*", _after_blanks(text, at + 1))
    name = _NAME.match(text, at)
    if name is None or at == word.end():
        return False
    at = _after_blanks(text, name.end())
    return at < len(text) and text[at] in ";[(,="
