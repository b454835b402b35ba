"""Suites in YAML, as they are written by hand: read with the line of each case, and written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ..errors import BadInput
from .suite_faults import LINE, distinct, fault, refuse_unstorable
from .values import TOLERANCE, Accepted, Case, ExpectedRows, Instead, Suite, Value

SUITE_KEYS = {
    "suite",
    "description",
    "database",
    "columns_in_order",
    "tolerance",
    "cases",
}
CASE_KEYS = {"id", "question", "database", "sql", "rows", "in_order", "expect", "tags"}


def suite_yaml(suite: Suite, folder: Path) -> str:
    """A suite as the text of a YAML file that is to lie in `folder`; read_suite reads it back."""
    head: dict[str, Any] = {"suite": suite.name}
    if suite.description:
        head["description"] = suite.description
    if suite.columns_in_order:
        head["columns_in_order"] = True
    if suite.tolerance != TOLERANCE:
        head["tolerance"] = suite.tolerance
    cases = [_case_fields(case, folder) for case in suite.cases]
    databases = {each["database"] for each in cases}
    if len(databases) == 1:
        head["database"] = databases.pop()
        for each in cases:
            del each["database"]
    text: str = yaml.safe_dump(
        {**head, "cases": cases}, sort_keys=False, allow_unicode=True, width=100
    )
    return text


def _case_fields(case: Case, folder: Path) -> dict[str, Any]:
    fields: dict[str, Any] = {"id": case.id, "question": case.question}
    is_path = Path(case.database).is_absolute()
    fields["database"] = os.path.relpath(case.database, folder) if is_path else case.database
    if isinstance(case.accepted, Instead):
        fields["expect"] = case.accepted.value
    else:
        sql = case.statements
        if sql:
            fields["sql"] = sql[0] if len(sql) == 1 else list(sql)
        expected = [each for each in case.accepted if isinstance(each, ExpectedRows)]
        if expected:
            fields["rows"] = [list(row) for row in expected[0].rows]
        if expected and expected[0].in_order:
            fields["in_order"] = True
    if case.tags:
        fields["tags"] = list(case.tags)
    return fields


class _Loader(yaml.SafeLoader):
    """Mappings that know their line, no key twice, and dates as the text that they are.

    What stands for another part of the file is refused: a small file could be endless that way.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(
                problem="`*` stands for another part; write that out, or put the text in quotes",
                problem_mark=self.peek_event().start_mark,
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        line = node.start_mark.line + 1
        keys = [each.value for each, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.MarkedYAMLError(
                    problem=f"{key} is there twice", problem_mark=node.start_mark
                )
        made: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return {**made, LINE: line}


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in each if not tag.endswith(":timestamp")]
    for first, each in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class YamlSuite:
    """A suite as it stands in YAML; `folder` is where files of databases are, if any are."""

    def __init__(self, path: Path, text: str, folder: Path | None) -> None:
        self._path, self._folder = path, folder
        try:
            self._fields = yaml.load(text, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            line = mark.line + 1 if mark else 1
            raise fault(path, line, f"this is not YAML ({error.problem}).") from error
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            raise BadInput(f"{path.name} is not YAML: {error}.") from error
        if not isinstance(self._fields, dict):
            raise fault(path, 1, "a suite begins with `cases:` and a list below it.")
        refuse_unstorable(path, 1, self._fields)

    def suite(self) -> Suite:
        fields = self._fields
        self._known(fields, SUITE_KEYS)
        cases = fields.get("cases")
        if not isinstance(cases, list):
            raise fault(self._path, fields[LINE], "`cases` must be a list.")
        tolerance = fields.get("tolerance", TOLERANCE)
        if not isinstance(tolerance, (int, float)) or isinstance(tolerance, bool):
            raise fault(self._path, fields[LINE], "`tolerance` must be a number.")
        return Suite(
            name=self._text(fields, "suite", self._path.stem),
            cases=distinct(self._path, (self._case(*each) for each in enumerate(cases, 1))),
            description=self._text(fields, "description", ""),
            columns_in_order=self._flag(fields, "columns_in_order"),
            tolerance=float(tolerance),
        )

    def _case(self, number: int, fields: Any) -> tuple[int, Case]:
        if not isinstance(fields, dict):
            line = self._fields[LINE]
            raise fault(self._path, line, f"case {number} must have `question` and `sql`.")
        line = fields[LINE]
        self._known(fields, CASE_KEYS)
        tags = fields.get("tags", [])
        if not isinstance(tags, list) or not all(isinstance(each, str) for each in tags):
            raise fault(self._path, line, "`tags` must be a list of texts.")
        database = self._text(fields, "database", self._text(self._fields, "database", ""))
        if not database:
            raise fault(self._path, line, "`database` is missing, here and at the top.")
        file = self._folder and (self._folder / database).resolve()
        return line, Case(
            id=str(fields.get("id") or number),
            question=self._text(fields, "question"),
            database=str(file) if file and file.is_file() else database,
            accepted=self._accepted(fields),
            tags=tuple(tags),
        )

    def _accepted(self, fields: Mapping[str, Any]) -> Accepted:
        line = fields[LINE]
        if "expect" in fields:
            named = [each for each in Instead if each.value == fields["expect"]]
            if not named or "sql" in fields or "rows" in fields:
                choices = " or ".join(f"`{each.value}`" for each in Instead)
                raise fault(self._path, line, f"`expect` is {choices}, without `sql` and `rows`.")
            return named[0]
        sql = fields.get("sql", [])
        statements = [sql] if isinstance(sql, str) else sql
        if not isinstance(statements, list) or not all(
            isinstance(each, str) and each.strip() for each in statements
        ):
            raise fault(self._path, line, "`sql` must be a statement or a list of them.")
        accepted: list[str | ExpectedRows] = list(statements)
        if "rows" in fields:
            rows = self._rows(fields["rows"], line)
            accepted.append(ExpectedRows(rows, self._flag(fields, "in_order")))
        if not accepted:
            raise fault(self._path, line, "a case needs `sql`, `rows` or `expect`.")
        return tuple(accepted)

    def _rows(self, rows: Any, line: int) -> tuple[tuple[Value, ...], ...]:
        if not isinstance(rows, list) or not all(isinstance(each, list) and each for each in rows):
            raise fault(self._path, line, "`rows` must be a list of rows, each a list of values.")
        if len({len(each) for each in rows}) > 1:
            raise fault(self._path, line, "all `rows` must have the same number of values.")
        for row in rows:
            for value in row:
                if isinstance(value, bool) or not isinstance(
                    value, (str, int, float, bytes, type(None))
                ):
                    raise fault(
                        self._path, line, f"{value!r} is no value of SQLite; put text in quotes."
                    )
        return tuple(map(tuple, rows))

    def _known(self, fields: Mapping[str, Any], known: set[str]) -> None:
        for key in fields:
            if key != LINE and key not in known:
                raise fault(
                    self._path,
                    fields[LINE],
                    f"there is no `{key}`, only {', '.join(sorted(known))}.",
                )

    def _text(self, fields: Mapping[str, Any], name: str, default: str | None = None) -> str:
        value = fields.get(name, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise fault(self._path, fields[LINE], f"`{name}` must be text.")
        return value

    def _flag(self, fields: Mapping[str, Any], name: str) -> bool:
        value = fields.get(name, False)
        if not isinstance(value, bool):
            raise fault(self._path, fields[LINE], f"`{name}` must be true or false.")
        return value
