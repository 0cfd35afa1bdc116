"""Typing of expressions: AST -> typed tree.

Before: ``this->len * 2 > arg2``  After: ``Binary(">", Binary("*", Read(len), Const(2), int), Arg(2), int)``
"""

from __future__ import annotations

from dtrans.check.assignment import check_assign, check_operand, check_step
from dtrans.check.checker import Checker, undefined
from dtrans.check.conversions import dynamic, literal_type
from dtrans.check.memory import check_index, check_member, check_offsetof, check_sizeof, check_symbol, variable_value
from dtrans.check.operators import check_binary, check_conditional, check_unary
from dtrans.check.subroutines import check_call
from dtrans.check.tree import Comma, Const, Expr, L, Text
from dtrans.errors import fail
from dtrans.source import Span
from dtrans.syntax import ast
from dtrans.types import INT, ULONG, VOID, Pointer


class Expressions(Checker[L]):
    """Types expressions."""

    def check(self, node: ast.Expr) -> Expr[L]:
        """The typed form of an expression. Raises DtransError with libdtrace's tag for what D refuses."""
        match node:
            case ast.Integer(value, suffix, decimal, span):
                return self._literal(value, suffix, span, decimal=decimal)
            case ast.Character(value, span):
                return self._literal(value, "", span, decimal=True)
            case ast.String(value, _):
                return Text(value)
            case ast.Macro():
                return self.names.macro(node)
            case ast.Name() | ast.ScopedName():
                return self._name(node)
            case ast.KernelSymbol():
                return check_symbol(self, node)
            case ast.Index():
                return check_index(self, node)
            case ast.Member():
                return check_member(self, node)
            case ast.Call():
                return self._call(node)
            case ast.Unary():
                return check_unary(self, node)
            case ast.Step():
                return check_step(self, node)
            case ast.Binary():
                return check_binary(self, node)
            case ast.Conditional():
                return check_conditional(self, node)
            case ast.Assign():
                return check_assign(self, node)
            case ast.Comma(left, right, span):
                one, two = self.check(left), self.check(right)
                if dynamic(one.type) or dynamic(two.type):
                    raise fail("D_OP_DYN", "',' does not apply to what a translator makes: name a member of it", span)
                return Comma(one, two)
            case ast.Cast(kind, operand, span):
                return self.cast(self.check(operand), self.types.resolve(kind), span)
            case ast.SizeofType(kind, span):
                return Const(self.types.size(self.types.resolve(kind), span), ULONG)
            case ast.SizeofExpr(operand, span):
                return check_sizeof(self, operand, span)
            case ast.Offsetof(kind, member, span):
                return check_offsetof(self, kind, member, span)
            case ast.Stringof(operand, span):
                return self.stringof(self.check(operand), span)
            case ast.Xlate(kind, operand, span):
                return self.names.translate(self.types.resolve(kind), self.check(operand), span)
            case ast.Aggregation(name, _, span):
                self.names.aggregation(node)
                raise fail(
                    "D_OP_ACT",
                    f"aggregation @{name} cannot be read in an expression",
                    span,
                    hint="an aggregation is assigned an aggregating function, or printed with printa()",
                )

    # --- constants ------------------------------------------------------------------------------------

    def _literal(self, value: int, suffix: str, span: Span, *, decimal: bool) -> Expr[L]:
        """An integer constant, as a character constant is one. Raises D_INT_OFLOW."""
        kind = literal_type(value, suffix, decimal=decimal)
        if kind is None:
            raise fail("D_INT_OFLOW", f"no signed type holds {value}", span, hint="the suffix u makes it unsigned")
        return Const(value, kind)

    # --- names ----------------------------------------------------------------------------------------

    def _name(self, node: ast.Name | ast.ScopedName) -> Expr[L]:
        variable = self.names.variable(node)
        if variable is not None:
            if variable.keys is not None:
                raise fail("D_IDENT_BADREF", f"{node.name} is an associative array: give its keys in [ ]", node.span)
            return variable_value(variable, ())
        if isinstance(node, ast.Name):
            found = self.names.name(node)
            if found is not None:
                return found
            if node.name == "NULL":
                return Const(0, Pointer(VOID))
            if node.name in self.types.enumerators:
                return Const(self.types.enumerators[node.name], INT)
            value = self.types.facts.enumerator(node.name)
            if value is not None:
                return Const(value, INT)
            raise fail("D_IDENT_UNDEF", f"failed to resolve {node.name}: unknown variable name", node.span)
        raise undefined(node)

    # --- operands and calls ---------------------------------------------------------------------------

    def operand(self, node: ast.Expr) -> Expr[L]:
        """The operand of an operator that has one, which may be a variable's first mention."""
        return check_operand(self, node)

    def _call(self, node: ast.Call) -> Expr[L]:
        found = self.names.call(node)
        return check_call(self, node) if found is None else found
