"""What of Jinja's language a row's template may use, and the names that columns get in it.

Jinja's sandbox keeps a template from Python's insides, not from running for hours:
`'a' * 10 ** 9` and three loops over `range(100000)` pass it, and the first is worked
out while the template is being compiled. So only the parts below are let through, and
each makes work that grows with the template and the row alone.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jinja2 import StrictUndefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from ..errors import BadInput
from .template_functions import FILTERS, TESTS

NOT_COLUMNS = frozenset(
    {"row", "loop", "self", "true", "false", "none", "True", "False", "None"}
    | {"and", "else", "if", "in", "is", "not", "or"}
)
_MOST_DEPTH = 25
_LOOP_PARTS = frozenset({"index", "index0", "first", "last", "length"})
# What is taken as it stands, once its parts have been looked at.
_PLAIN = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Neg,
    nodes.Pos,
    nodes.Add,
    nodes.Sub,
    nodes.Mul,
    nodes.Div,
    nodes.FloorDiv,
    nodes.Mod,
    nodes.Concat,
    nodes.Slice,
    nodes.Keyword,
)

_STEPS = (nodes.Name, nodes.Getitem, nodes.Getattr, nodes.Filter, nodes.Const, nodes.If)


class RowEnvironment(ImmutableSandboxedEnvironment):
    """Knows our filters and tests, and reckons with numbers only.

    Text times a number, and `%` on text, have no bound.
    """

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%"})

    def __init__(self, show: Callable[[Any], str]) -> None:
        # Unoptimised: nothing is worked out while a template is compiled.
        super().__init__(
            undefined=StrictUndefined, autoescape=False, finalize=show, optimized=False
        )
        self.globals.clear()
        self.filters = dict(FILTERS)
        self.tests = dict(TESTS)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        for operand in (left, right):
            if not isinstance(operand, int | float):
                raise BadInput(
                    f"The template reckons with {operator}, which needs numbers, and one of them "
                    "is text or NULL; use | float, or ~ to join text."
                )
        return super().call_binop(context, operator, left, right)


class Reading(NodeTransformer):
    """Refuses what is not let through, and gives columns names that Python can have.

    Python takes some letters for others in names (the ligature of f and i for the two),
    so a column goes by a number in the compiled template. `looped` is how many columns a
    loop goes over. `steps` is how often, at most, a text of the row is taken or changed.
    """

    def __init__(self, columns: tuple[str, ...], looped: int) -> None:
        self._columns = columns
        self._looped = looped
        self._known = frozenset(columns)
        self._loop_names: frozenset[str] = frozenset()
        self._depth = 0
        self.variables: dict[str, str] = {}
        self.uses_row = False
        self.steps = 0

    def visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise refusal(node.lineno, "it is nested too deep")
        if isinstance(node, _STEPS):
            self.steps += self._looped if self._loop_names else 1
        try:
            return super().visit(node, *args, **kwargs)
        finally:
            self._depth -= 1

    def generic_visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(node, _PLAIN):
            raise refusal(
                node.lineno,
                f"{_spoken(node)} cannot be used here; there are values, filters, if, "
                "and for over row",
            )
        return super().generic_visit(node, *args, **kwargs)

    def visit_Name(self, node: nodes.Name) -> nodes.Name:
        if node.name in self._loop_names:
            return _name(node, f"each_{node.name}")
        if node.name in NOT_COLUMNS:
            raise refusal(
                node.lineno,
                f'{node.name} is no value by itself; a column of that name is row["{node.name}"]',
            )
        return self._column(node, node.name)

    def visit_Const(self, node: nodes.Const) -> nodes.Const:
        # NULL is the empty text in a row, so `name == none` must find it.
        return nodes.Const("", lineno=node.lineno) if node.value is None else node

    def visit_CondExpr(self, node: nodes.CondExpr) -> Any:
        if node.expr2 is None:
            node.expr2 = nodes.Const("", lineno=node.lineno)
        return self.generic_visit(node)

    def visit_Getitem(self, node: nodes.Getitem) -> Any:
        if _is_row(node.node):
            if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
                return self._column(node, node.arg.value)
            if not (isinstance(node.arg, nodes.Name) and node.arg.name in self._loop_names):
                raise refusal(node.lineno, 'write the column in quotes: row["name"]')
            self.uses_row = True
            return _copied(node, node=_name(node, "row"), arg=self.visit(node.arg))
        if not isinstance(node.arg, nodes.Slice | nodes.Const | nodes.Neg):
            raise refusal(node.lineno, "only numbers may stand in brackets, as in name[:100]")
        return _copied(node, node=self.visit(node.node), arg=self.visit(node.arg))

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:
        if _is_row(node.node):
            return self._column(node, node.attr)
        if isinstance(node.node, nodes.Name) and node.node.name == "loop" and self._loop_names:
            if node.attr not in _LOOP_PARTS:
                raise refusal(node.lineno, f"loop has {', '.join(sorted(_LOOP_PARTS))}")
            return node
        raise refusal(
            node.lineno, f".{node.attr} cannot be used; there are filters, as in name | lower"
        )

    def visit_Operand(self, node: nodes.Operand) -> Any:
        # A list stands behind `in` alone: as text, each list around it doubles backslashes.
        if node.op in ("in", "notin") and isinstance(node.expr, nodes.List | nodes.Tuple):
            items = [self.visit(each) for each in node.expr.items]
            return _copied(node, expr=nodes.List(items, lineno=node.lineno))
        return self.generic_visit(node)

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:
        if node.name == "tojson" and _uses_tojson(node.node):
            raise refusal(node.lineno, "tojson of tojson cannot be used: each doubles backslashes")
        return self._called(node, "filter", FILTERS)

    def visit_Test(self, node: nodes.Test) -> nodes.Node:
        return self._called(node, "test", TESTS)

    def visit_For(self, node: nodes.For) -> Any:
        if self._loop_names:
            raise refusal(node.lineno, "a loop cannot stand inside another")
        items = _is_items_of_row(node.iter)
        targets = node.target.items if isinstance(node.target, nodes.Tuple) else [node.target]
        if not (items or _is_row(node.iter)) or len(targets) != 1 + items or node.recursive:
            raise refusal(
                node.lineno,
                "a loop goes over the row's columns: {% for name, value in row.items() %}, "
                "or {% for name in row %}",
            )
        self.uses_row = True
        self._loop_names = frozenset(target.name for target in targets)  # type: ignore[attr-defined]  # the parser makes nothing but names there
        target = [nodes.Name(f"each_{name.name}", "store", lineno=node.lineno) for name in targets]  # type: ignore[attr-defined]  # as above
        changed = _copied(
            node,
            target=nodes.Tuple(target, "store", lineno=node.lineno) if items else target[0],
            iter=_name(node, "row_items" if items else "row"),
            body=[self.visit(each) for each in node.body],
            test=self.visit(node.test) if node.test else None,
        )
        self._loop_names = frozenset()
        changed.else_ = [self.visit(each) for each in node.else_]
        return changed

    def _called(self, node: Any, word: str, known: Mapping[str, Any]) -> nodes.Node:
        if node.name not in known or node.node is None:
            raise refusal(
                node.lineno, f"there is no {word} {node.name}; there are {', '.join(sorted(known))}"
            )
        if node.dyn_args or node.dyn_kwargs:
            raise refusal(node.lineno, "* and ** cannot be used")
        changed: nodes.Node = _copied(
            node,
            node=self.visit(node.node),
            args=[self.visit(each) for each in node.args],
            kwargs=[self.visit(each) for each in node.kwargs],
        )
        return changed

    def _column(self, node: nodes.Node, column: str) -> nodes.Name:
        if column not in self._known:
            like = difflib.get_close_matches(column[:100], self._columns[:2000], n=1)
            hint = f"did you mean {like[0]}?" if like else f"there are {_listed(self._columns)}"
            raise refusal(node.lineno, f"there is no column {column[:100]}; {hint}")
        return _name(node, self.variables.setdefault(column, f"column_{len(self.variables)}"))


def _name(node: nodes.Node, name: str) -> nodes.Name:
    return nodes.Name(name, "load", lineno=node.lineno)


def _copied(original: Any, /, **changes: Any) -> Any:
    fields = dict(original.iter_fields()) | changes
    return type(original)(*(fields[name] for name in original.fields), lineno=original.lineno)


def _is_row(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == "row"


def _is_items_of_row(node: nodes.Node) -> bool:
    return (
        isinstance(node, nodes.Call)
        and isinstance(node.node, nodes.Getattr)
        and node.node.attr == "items"
        and _is_row(node.node.node)
        and not (node.args or node.kwargs or node.dyn_args or node.dyn_kwargs)
    )


def _uses_tojson(node: nodes.Expr | None) -> bool:
    if node is None:
        return False
    inner = [node, *node.find_all(nodes.Filter)]
    return any(isinstance(each, nodes.Filter) and each.name == "tojson" for each in inner)


def _spoken(node: nodes.Node) -> str:
    """What a person would call a part of a template."""
    words: dict[type[nodes.Node], str] = {
        nodes.Call: "calling something()",
        nodes.Assign: "set",
        nodes.AssignBlock: "set",
        nodes.Pow: "**",
        nodes.Dict: "{…}",
        nodes.List: "a list that is not behind in",
        nodes.Tuple: "a list that is not behind in",
    }
    return words.get(type(node), type(node).__name__.lower())


def _listed(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - 20} more" if len(columns) > 20 else ""
    return (", ".join(columns[:20]) or "no columns") + more


def refusal(line: int | None, message: str) -> BadInput:
    """What is wrong with a template, and in which line of it."""
    where = f"Line {line} of the template" if line else "The template"
    return BadInput(f"{where}: {message.rstrip('.')}{'' if message.endswith('?') else '.'}")
