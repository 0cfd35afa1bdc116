"""The front end: D text to the syntax tree of `dtrans.syntax.ast`.

    parse(Source("-n", "BEGIN { trace(1); }"))
    ->  Program((Clause((ProbeDescription(name="BEGIN"),), None, (ExprStatement(Call("trace", (Integer(1),))),)),))

The functions here are the only doors. On the way `lexer` makes tokens, `words` tells types from names, `grammar` makes
the tree, `mistakes` explains what does not fit. `preprocess` runs before, for ``-C``; `printer` goes back to text.

D's grammar needs to know which words name types: ``(foo) -1`` casts or subtracts. What the text itself leaves open,
the caller decides with `is_type`; without one, the types of C, POSIX and Solaris and any name in ``_t`` are types.
"""

from __future__ import annotations

from collections.abc import Callable

from dtrans.source import Source
from dtrans.syntax import ast

__all__ = ["parse", "parse_expression", "parse_type"]

IsType = Callable[[str], bool]


def parse(source: Source, is_type: IsType | None = None) -> ast.Program:
    """The tree of a whole program; without items when nothing but comments is in it.

    Line markers in the text (``# 12 "file"``) give spans the file and line they name. Raises `DtransError` with
    libdtrace's tag: D_SYNTAX, D_STR_NL, D_CHR_NL, D_CHR_NULL, D_CHR_OFLOW, D_INT_OFLOW, D_INT_DIGIT, D_PDESC_INVAL,
    D_FUNC_IDENT, those for control lines (D_PRAG...) and for declarations (D_DECL_...); never another exception.
    """
    # The parser is only imported when there is something to parse: compiled artifacts run without it.
    from dtrans.syntax.parser import program

    return program(source, is_type)


def parse_expression(source: Source, is_type: IsType | None = None) -> ast.Expr:
    """The tree of one expression, as in a row of `translators/`. Raises like `parse`."""
    from dtrans.syntax.parser import expression

    return expression(source, is_type)


def parse_type(source: Source, is_type: IsType | None = None) -> ast.TypeExpr:
    """The tree of one type's name: ``uint64_t``, ``struct proc *``, ``char [16]``. Raises like `parse`."""
    from dtrans.syntax.parser import type_name

    return type_name(source, is_type)
