"""In modules for which pyproject.toml waives S608, statements have gaps for constants alone."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WAIVED = re.findall(
    r'^"(datasette_llm_tools/\S+)" = \["S608"\]$',
    (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
    re.MULTILINE,
)
STATEMENT = re.compile(r"\s*(select|insert|update|delete|replace|with)\b", re.IGNORECASE)
CONSTANT = re.compile(r"(\w+\.)?_?[A-Z][A-Z_]*")


def is_statement(node: ast.expr) -> bool:
    """Whether this is a text that begins as SQL does."""
    first = node.values[0] if isinstance(node, ast.JoinedStr) else node
    return (
        isinstance(first, ast.Constant)
        and isinstance(first.value, str)
        and STATEMENT.match(first.value) is not None
    )


def gaps(tree: ast.AST) -> list[str]:
    """What is put into statements, or behind them, as it is written in the code."""
    found: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and is_statement(node):
            found += [each.value for each in node.values if isinstance(each, ast.FormattedValue)]
        elif isinstance(node, ast.BinOp) and is_statement(node.left):
            found.append(node.right)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            found += node.args if is_statement(node.func.value) else []
    return [ast.unparse(each) for each in found]


@pytest.mark.parametrize("name", WAIVED)
def test_gaps_are_for_constants(name: str) -> None:
    found = gaps(ast.parse((ROOT / name).read_text(encoding="utf-8")))
    assert found, f"{name} needs no waiver"
    assert [each for each in found if not CONSTANT.fullmatch(each)] == []


@pytest.mark.parametrize(
    "code",
    [
        "f'select * from {table}'",
        "f'select {COLUMNS} from t where name = {table}'",
        "'delete from ' + table",
        "'update %s set x = 1' % table",
        "'insert into {} values (1)'.format(table)",
    ],
)
def test_other_gaps_are_seen(code: str) -> None:
    assert "table" in gaps(ast.parse(code))
