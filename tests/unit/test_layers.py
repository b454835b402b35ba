"""Imports point down only: docs/design.md draws the layers, this test holds them."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "datasette_llm_tools"

# What a module may import from this package, by the first part of its name.
GUARD = {
    "sql_catalog",
    "sql_functions",
    "sql_guard",
    "sql_judgement",
    "sql_limits",
    "sql_names",
}
VALUES = GUARD | {
    "column_origins",
    "embed_sites",
    "errors",
    "migrations",
    "name_words",
    "prompt",
    "query_lines",
    "schema",
    "schema_relevance",
    "schema_text",
    "settings",
    "table_addresses",
    "table_text",
    "times",
}
IN_WORKER = GUARD | {"query_lines", "query_worker"}
FLOOR = VALUES | {
    "bounded_replies",
    "kept_databases",
    "key_labels",
    "memory_copies",
    "model",
    "model_choice",
    "model_connections",
    "model_failures",
    "model_groups",
    "model_replies",
    "permissions",
    "pricing",
    "queries",
    "query_pool",
    "schema_reading",
    "table_reading",
    "traffic",
}
PAGES = FLOOR | {"pages", "cells", "command_line", "leaving", "markdown"}
FEATURES = {"enrichments", "questions", "uploads", "widgets"}
ABOVE = {"evals", "explorations"}
MAY_IMPORT = {
    **dict.fromkeys(VALUES, VALUES),
    **dict.fromkeys(GUARD, GUARD),
    **dict.fromkeys(FLOOR - VALUES, FLOOR),
    "query_worker": GUARD | {"query_lines"},
    "pages": FLOOR,
    "cells": FLOOR,
    "command_line": FLOOR,
    "leaving": FLOOR,
    "markdown": FLOOR,
    **{name: PAGES | {name} for name in FEATURES},
    "local_model": {"local_model"},
    # What measures features stands above them.
    "evals": PAGES | {"evals", "questions", "enrichments"},
    # What gathers from features, too; the two know nothing of each other.
    "explorations": PAGES | {"explorations", "questions", "widgets", "enrichments"},
    "cli": PAGES | FEATURES | ABOVE | {"local_model"},
    "routes": FEATURES | ABOVE,
    "lifespan": FLOOR | FEATURES | ABOVE,
    "__init__": PAGES | FEATURES | ABOVE | {"cli", "routes", "lifespan"},
}
# Libraries that only the named modules may import while running.
ONLY_IN = {
    "llm": {"model", "model_choice", "model_failures", "local_model"},
    "datasette_llm": {"model_choice", "model_groups", "__init__"},
    "xllamacpp": {"local_model"},
    "genai_prices": {"pricing"},
    "vl_convert": {"widgets"},
}
PURE = {"datasette", "llm", "datasette_llm", "sqlite3", "asyncio"}

MODULES = sorted(
    path for path in PACKAGE.rglob("*.py") if not {"templates", "static"} & set(path.parts)
)


def layer(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path) -> set[tuple[str, bool]]:
    """Absolute dotted names imported by a module, and whether it is one of ours.

    Imports under `if TYPE_CHECKING:` name types only and do not count.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    here = list(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    if here[-1] == "__init__":
        here = here[:-1]
        package = here
    else:
        package = here[:-1]
    found: set[tuple[str, bool]] = set()
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {(alias.name, False) for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "", False))
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1]
            if node.module:
                found.add((".".join([*base, *node.module.split(".")]), True))
            else:
                found |= {(".".join([*base, alias.name]), True) for alias in node.names}
    return found


def foreign_roots(path: Path) -> set[str]:
    """The packages that a module imports while running, without ours."""
    roots = {module.split(".")[0] for module, ours in imports(path) if not ours}
    return roots - {PACKAGE.name}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    name = layer(path)
    assert name in MAY_IMPORT, f"{path.name} is in no layer: add it here and to docs/design.md"
    for module, ours in imports(path):
        if ours or module.startswith("datasette_llm_tools"):
            parts = module.split(".")
            target = parts[1] if len(parts) > 1 else "__init__"
            assert target in MAY_IMPORT[name], f"{name} must not import {module}"
        else:
            root = module.split(".")[0]
            if root in ONLY_IN:
                assert name in ONLY_IN[root], f"{name} must not import {module}"


@pytest.mark.parametrize(
    "path", [path for path in MODULES if path.name == "prompts.py"], ids=lambda path: str(path)
)
def test_prompts_are_pure(path: Path) -> None:
    assert not foreign_roots(path) & PURE


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if path.parent.name == "engine"],
    ids=lambda path: path.stem,
)
def test_the_engine_knows_neither_datasette_nor_sqlite(path: Path) -> None:
    assert not foreign_roots(path) & {"datasette", "llm", "datasette_llm", "sqlite3"}


@pytest.mark.parametrize("path", [path for path in MODULES if layer(path) in VALUES], ids=layer)
def test_values_know_no_datasette(path: Path) -> None:
    assert "datasette" not in foreign_roots(path)


@pytest.mark.parametrize("path", [path for path in MODULES if layer(path) in IN_WORKER], ids=layer)
def test_what_runs_sql_needs_the_standard_library_only(path: Path) -> None:
    assert foreign_roots(path) <= sys.stdlib_module_names
