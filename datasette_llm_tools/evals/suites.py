"""Suites in files: YAML to write by hand and share, and JSONL as question sets come in.

Whatever is wrong in a file is told with its line. Paths of databases are relative to the file.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from ..errors import BadInput
from .values import TOLERANCE, Accepted, Case, ExpectedRows, Instead, Suite, Value

YAML_FILES = {".yaml", ".yml"}
JSONL_FILES = {".jsonl", ".ndjson"}

_MAX_BYTES = 50_000_000
_TEXT = Path("The text")  # what errors call a suite that is in no file
_LINE = "\0line"  # what no key in a file can be
SUITE_KEYS = {
    "suite",
    "description",
    "database",
    "columns_in_order",
    "tolerance",
    "cases",
}
CASE_KEYS = {"id", "question", "database", "sql", "rows", "in_order", "expect", "tags"}


def read_suite(path: Path) -> Suite:
    """The suite in a YAML or JSONL file, told apart by its name. Raises BadInput, with the line."""
    kind = path.suffix.lower()
    if kind not in YAML_FILES | JSONL_FILES:
        raise BadInput(f"{path.name}: a suite is a file named .yaml, .yml or .jsonl.")
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise BadInput(f"{path.name} has more than {_MAX_BYTES:,} bytes; split it.")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path.name} is not UTF-8; save it as that.") from error
    if kind in YAML_FILES:
        return _YamlSuite(path, text, path.parent).suite()
    # Such files tend to have one name; the folder tells which set it is.
    name = f"{path.resolve().parent.name}/{path.stem}"
    return Suite(name, _checked(path, _jsonl_cases(path, text, path.parent)))


def suite_from_text(text: str, name: str) -> Suite:
    """The suite in a text, YAML or JSONL, told apart by its first letter. Raises BadInput.

    Databases are called as they are written, whether or not there is such a file; `name` is
    what the suite is called unless the text says so.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if text.lstrip().startswith("{"):
        suite = Suite("", _checked(_TEXT, _jsonl_cases(_TEXT, text, None)))
    else:
        suite = _YamlSuite(_TEXT, text, None).suite()
    return suite if suite.name not in ("", _TEXT.stem) else replace(suite, name=name)


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


def _checked(path: Path, cases: Iterator[tuple[int, Case]]) -> tuple[Case, ...]:
    """The cases with their lines left out; each id must be there once."""
    lines: dict[str, int] = {}
    found = []
    for line, case in cases:
        if case.id in lines:
            raise _bad(path, line, f"the id {case.id} is that of line {lines[case.id]}, too.")
        lines[case.id] = line
        found.append(case)
    if not found:
        raise BadInput(f"{path.name} has no cases.")
    return tuple(found)


def _jsonl_cases(path: Path, text: str, folder: Path | None) -> Iterator[tuple[int, Case]]:
    """Objects with `id`, `question`, `db`, and `gold` or `golds`; `set` if there are several."""
    for line, written in enumerate(text.split("\n"), start=1):
        if not written.strip():
            continue
        try:
            fields = json.loads(written)
        except (ValueError, RecursionError) as error:
            raise _bad(path, line, f"this is not JSON ({error}).") from error
        _refuse_unstorable(path, line, fields)
        if not isinstance(fields, dict):
            raise _bad(path, line, "a case is an object in braces.")
        for name in ("question", "db"):
            if not isinstance(fields.get(name), str) or not fields[name].strip():
                raise _bad(path, line, f"`{name}` must be text.")
        gold, golds = fields.get("gold"), fields.get("golds") or []
        accepted = [gold] if gold else []
        if isinstance(golds, list):
            accepted += [each for each in golds if each != gold]
        if not accepted or not all(isinstance(each, str) and each.strip() for each in accepted):
            raise _bad(path, line, "`gold` must be a statement, or `golds` a list of them.")
        tags = [str(fields["set"])] if fields.get("set") else []
        tags += ["relative date"] if fields.get("relative_date") else []
        yield (
            line,
            Case(
                id=str(fields.get("id") or line),
                question=fields["question"],
                database=str((folder / fields["db"]).resolve()) if folder else fields["db"],
                accepted=tuple(accepted),
                tags=tuple(tags),
            ),
        )


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
        return {**made, _LINE: line}


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in each if not tag.endswith(":timestamp")]
    for first, each in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _YamlSuite:
    """A suite as it stands in YAML; `folder` is where files of databases are, if any are."""

    def __init__(self, path: Path, text: str, folder: Path | None) -> None:
        self._path, self._folder = path, folder
        try:
            self._fields = yaml.load(text, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            line = mark.line + 1 if mark else 1
            raise _bad(path, line, f"this is not YAML ({error.problem}).") from error
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            raise BadInput(f"{path.name} is not YAML: {error}.") from error
        if not isinstance(self._fields, dict):
            raise _bad(path, 1, "a suite begins with `cases:` and a list below it.")
        _refuse_unstorable(path, 1, self._fields)

    def suite(self) -> Suite:
        fields = self._fields
        self._known(fields, SUITE_KEYS)
        cases = fields.get("cases")
        if not isinstance(cases, list):
            raise _bad(self._path, fields[_LINE], "`cases` must be a list.")
        tolerance = fields.get("tolerance", TOLERANCE)
        if not isinstance(tolerance, (int, float)) or isinstance(tolerance, bool):
            raise _bad(self._path, fields[_LINE], "`tolerance` must be a number.")
        return Suite(
            name=self._text(fields, "suite", self._path.stem),
            cases=_checked(self._path, (self._case(*each) for each in enumerate(cases, 1))),
            description=self._text(fields, "description", ""),
            columns_in_order=self._flag(fields, "columns_in_order"),
            tolerance=float(tolerance),
        )

    def _case(self, number: int, fields: Any) -> tuple[int, Case]:
        if not isinstance(fields, dict):
            line = self._fields[_LINE]
            raise _bad(self._path, line, f"case {number} must have `question` and `sql`.")
        line = fields[_LINE]
        self._known(fields, CASE_KEYS)
        tags = fields.get("tags", [])
        if not isinstance(tags, list) or not all(isinstance(each, str) for each in tags):
            raise _bad(self._path, line, "`tags` must be a list of texts.")
        database = self._text(fields, "database", self._text(self._fields, "database", ""))
        if not database:
            raise _bad(self._path, line, "`database` is missing, here and at the top.")
        file = self._folder and (self._folder / database).resolve()
        return line, Case(
            id=str(fields.get("id") or number),
            question=self._text(fields, "question"),
            database=str(file) if file and file.is_file() else database,
            accepted=self._accepted(fields),
            tags=tuple(tags),
        )

    def _accepted(self, fields: Mapping[str, Any]) -> Accepted:
        line = fields[_LINE]
        if "expect" in fields:
            named = [each for each in Instead if each.value == fields["expect"]]
            if not named or "sql" in fields or "rows" in fields:
                choices = " or ".join(f"`{each.value}`" for each in Instead)
                raise _bad(self._path, line, f"`expect` is {choices}, without `sql` and `rows`.")
            return named[0]
        sql = fields.get("sql", [])
        statements = [sql] if isinstance(sql, str) else sql
        if not isinstance(statements, list) or not all(
            isinstance(each, str) and each.strip() for each in statements
        ):
            raise _bad(self._path, line, "`sql` must be a statement or a list of them.")
        accepted: list[str | ExpectedRows] = list(statements)
        if "rows" in fields:
            rows = self._rows(fields["rows"], line)
            accepted.append(ExpectedRows(rows, self._flag(fields, "in_order")))
        if not accepted:
            raise _bad(self._path, line, "a case needs `sql`, `rows` or `expect`.")
        return tuple(accepted)

    def _rows(self, rows: Any, line: int) -> tuple[tuple[Value, ...], ...]:
        if not isinstance(rows, list) or not all(isinstance(each, list) and each for each in rows):
            raise _bad(self._path, line, "`rows` must be a list of rows, each a list of values.")
        if len({len(each) for each in rows}) > 1:
            raise _bad(self._path, line, "all `rows` must have the same number of values.")
        for row in rows:
            for value in row:
                if isinstance(value, bool) or not isinstance(
                    value, (str, int, float, bytes, type(None))
                ):
                    raise _bad(
                        self._path, line, f"{value!r} is no value of SQLite; put text in quotes."
                    )
        return tuple(map(tuple, rows))

    def _known(self, fields: Mapping[str, Any], known: set[str]) -> None:
        for key in fields:
            if key != _LINE and key not in known:
                raise _bad(
                    self._path,
                    fields[_LINE],
                    f"there is no `{key}`, only {', '.join(sorted(known))}.",
                )

    def _text(self, fields: Mapping[str, Any], name: str, default: str | None = None) -> str:
        value = fields.get(name, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise _bad(self._path, fields[_LINE], f"`{name}` must be text.")
        return value

    def _flag(self, fields: Mapping[str, Any], name: str) -> bool:
        value = fields.get(name, False)
        if not isinstance(value, bool):
            raise _bad(self._path, fields[_LINE], f"`{name}` must be true or false.")
        return value


def _bad(path: Path, line: int, what: str) -> BadInput:
    return BadInput(f"{path.name}, line {line}: {what}")


def _refuse_unstorable(path: Path, line: int, value: Any) -> None:
    """Raise BadInput where texts or numbers are none that SQLite and answers can hold."""
    left = [(line, value)]
    while left:
        at, each = left.pop()
        if isinstance(each, dict):
            at = each.get(_LINE, at)
            left += [(at, one) for pair in each.items() for one in pair]
        elif isinstance(each, (list, tuple, set)):
            left += [(at, one) for one in each]
        elif isinstance(each, str) and not _is_whole(each):
            raise _bad(path, at, "a text has half a character, `\\ud800` or the like.")
        elif isinstance(each, int) and not -(2**63) <= each < 2**63:
            raise _bad(path, at, "a whole number has more than 64 bits; put text in quotes.")
        elif isinstance(each, float) and not math.isfinite(each):
            raise _bad(path, at, "a number is not finite; put text in quotes.")


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def databases_of(cases: Sequence[Case]) -> tuple[str, ...]:
    """The databases of cases, each once, in their order."""
    return tuple(dict.fromkeys(each.database for each in cases))
