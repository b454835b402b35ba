"""Suites in files: YAML to write by hand and share, and JSONL as question sets come in.

Paths of databases are relative to the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import BadInput
from .suite_faults import distinct, fault, refuse_unstorable
from .values import Case, Suite
from .yaml_suites import YamlSuite

YAML_FILES = {".yaml", ".yml"}
JSONL_FILES = {".jsonl", ".ndjson"}

_MAX_BYTES = 50_000_000
_TEXT = Path("The text")  # what errors call a suite that is in no file


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
        return YamlSuite(path, text, path.parent).suite()
    # Such files tend to have one name; the folder tells which set it is.
    name = f"{path.resolve().parent.name}/{path.stem}"
    return Suite(name, distinct(path, _jsonl_cases(path, text, path.parent)))


def suite_from_text(text: str, name: str) -> Suite:
    """The suite in a text, YAML or JSONL, told apart by its first letter. Raises BadInput.

    Databases are called as they are written, whether or not there is such a file; `name` is
    what the suite is called unless the text says so.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if text.lstrip().startswith("{"):
        suite = Suite("", distinct(_TEXT, _jsonl_cases(_TEXT, text, None)))
    else:
        suite = YamlSuite(_TEXT, text, None).suite()
    return suite if suite.name not in ("", _TEXT.stem) else replace(suite, name=name)


def _jsonl_cases(path: Path, text: str, folder: Path | None) -> Iterator[tuple[int, Case]]:
    """Objects with `id`, `question`, `db`, and `gold` or `golds`; `set` if there are several."""
    for line, written in enumerate(text.split("\n"), start=1):
        if not written.strip():
            continue
        try:
            fields = json.loads(written)
        except (ValueError, RecursionError) as error:
            raise fault(path, line, f"this is not JSON ({error}).") from error
        refuse_unstorable(path, line, fields)
        if not isinstance(fields, dict):
            raise fault(path, line, "a case is an object in braces.")
        for name in ("question", "db"):
            if not isinstance(fields.get(name), str) or not fields[name].strip():
                raise fault(path, line, f"`{name}` must be text.")
        gold, golds = fields.get("gold"), fields.get("golds") or []
        accepted = [gold] if gold else []
        if isinstance(golds, list):
            accepted += [each for each in golds if each != gold]
        if not accepted or not all(isinstance(each, str) and each.strip() for each in accepted):
            raise fault(path, line, "`gold` must be a statement, or `golds` a list of them.")
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


def databases_of(cases: Sequence[Case]) -> tuple[str, ...]:
    """The databases of cases, each once, in their order."""
    return tuple(dict.fromkeys(each.database for each in cases))
