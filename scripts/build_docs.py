#!/usr/bin/env python3
"""Writes the reference pages of docs/ from the code: settings, errors, routes, command line.

    python scripts/build_docs.py

tests/docs/test_reference.py fails when a page is not what this would write.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from datasette_llm_tools import errors
from datasette_llm_tools.cli import llm_tools
from datasette_llm_tools.local_model import errors as local_model_errors
from datasette_llm_tools.routes import ROUTES
from datasette_llm_tools.settings import Settings

DOCS = Path(__file__).parents[1] / "docs"
_WRITTEN = "This page is written by `scripts/build_docs.py` from"
_TYPES = {bool: "true or false", int: "whole number", str: "text", type(None): "text"}


def settings_page() -> str:
    rows = [
        (
            f"`{each.name}`",
            _TYPES[type(each.default)],
            _default(each.default),
            each.metadata["help"],
        )
        for each in fields(Settings)
    ]
    return f"""# Settings

{_WRITTEN} `datasette_llm_tools/settings.py`.

Settings go into Datasette's configuration file, for all databases and for one:

```yaml
plugins:
  datasette-llm-tools:
    query_ms: 2000
databases:
  demo:
    plugins:
      datasette-llm-tools:
        query_ms: 10000
        answer_in_words: false
```

What a database sets counts for that database; everything else comes from the general block.
`query_workers`, `uploads_database`, `evals_database`, `max_upload_bytes`, `enrich_runs_at_once`,
`kept_pages_bytes`, `embed_sites` and those that begin with `exploration_` or are about imports are
read from the general block only. An unknown setting or a value of the wrong type in the general
block stops Datasette at its start, and one in a database's block is an error on the pages of that
database.

{_table(("setting", "value", "default", "what it does"), rows)}

The local model is set by environment variables: see [models](models.md#settings).
"""


def errors_page() -> str:
    tree = _between(errors.__doc__ or "", "LlmToolsError")
    rows = [(f"`{each.__name__}`", str(each.status), _sentence(each)) for each in _classes(errors)]
    local = [(f"`{each.__name__}`", _sentence(each)) for each in _classes(local_model_errors)]
    return f"""# Errors

{_WRITTEN} `datasette_llm_tools/errors.py` and
`datasette_llm_tools/local_model/errors.py`.

A page shows an error's message with its HTTP status. JSON has the same in
`{{"ok": false, "error": "..."}}`. On the command line the message goes to standard error and the
exit code is 1. An answer that fails after it has begun is no HTTP error: its `status` says so, as
[api](api.md#an-answer) describes. So it is with a [run](api.md#one-run): its rows fail one by one.

{_table(("error", "status", "when"), rows)}

```
{tree}
```

## The local model

The local model is a plugin of llm and raises errors of its own kind, which are llm's
`ModelError`. On pages they arrive as `ModelFailed`.

{_table(("error", "when"), local)}
"""


def routes_page() -> str:
    rows = [
        (", ".join(sorted(methods)), f"`{address(pattern)}`", _purpose(view))
        for pattern, view, methods in ROUTES
    ]
    return f"""# Routes

{_WRITTEN} `datasette_llm_tools/routes.py`.

`DATABASE`, `TABLE` and `SUITE` are names as Datasette writes them in addresses, `RUN` is the id of
a run of a suite, `ID` is the id of a question, a run, a widget or an exploration, `BLOCK` that of a
block, and `NUMBER` that of a version.
`[.json]` may be left out or written. Fields and answers: [api](api.md).

{_table(("methods", "address", "what"), rows)}
"""


def cli_page() -> str:
    parts = [
        f"# Command line\n\n{_WRITTEN} the commands' own help. How to use them: "
        "[ask](ask.md#on-the-command-line), [enrich](enrich.md#on-the-command-line), "
        "[draw](draw.md#on-the-command-line), [widgets](widgets.md#on-the-command-line), "
        "[evals](evals.md#run-it), [explorations](publish.md#from-the-command-line) and "
        "[models](models.md#on-this-machine)."
    ]
    parts += [_command(path, command) for path, command in commands()]
    return "\n\n".join(parts) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "errors.md": errors_page,
    "routes.md": routes_page,
    "cli.md": cli_page,
}


def commands() -> list[tuple[str, click.Command]]:
    """Every command, groups before what is in them, with the words that call it."""

    def below(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
        yield path, command
        if isinstance(command, click.Group):
            for name, inner in sorted(command.commands.items()):
                yield from below(f"{path} {name}", inner)

    return list(below(f"datasette {llm_tools.name}", llm_tools))


def address(pattern: str) -> str:
    """A route's pattern as people write it: /-/questions/DATABASE[.json]."""
    named = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda found: found[1].upper(), pattern)
    with_json = named.replace(r"(?:\.json)?", "[.json]")
    with_csv = with_json.replace(r"(?:\.json|\.csv)?", "[.json][.csv]")
    return with_csv.rstrip("$").replace(r"\.", ".")


def _command(path: str, command: click.Command) -> str:
    arguments = "".join(
        f" {each.make_metavar(click.Context(command))}"
        for each in command.params
        if isinstance(each, click.Argument)
    )
    options = [each for each in command.params if isinstance(each, click.Option)]
    usage = path + arguments + (" [OPTIONS]" if options else "")
    if isinstance(command, click.Group):
        usage += " COMMAND"
    text = f"## {path}\n\n{inspect.cleandoc(command.help or '')}\n\n```\n{usage}\n```"
    if options:
        rows = [(_option(each), each.help or "") for each in options]
        text += "\n\n" + _table(("option", "what it does"), rows)
    return text


def _option(option: click.Option) -> str:
    names = ", ".join(sorted(option.opts, key=len))
    if option.is_flag:
        return f"`{names}`"
    default = f", by default `{option.default}`" if option.show_default else ""
    return f"`{names} {option.metavar or str(option.name).upper()}`{default}"


def _classes(module: ModuleType) -> list[type[Any]]:
    found = [each for each in vars(module).values() if inspect.isclass(each)]
    return [each for each in found if each.__module__ == module.__name__]


def _sentence(documented: Any) -> str:
    """The first paragraph of a docstring."""
    return " ".join(inspect.cleandoc(documented.__doc__ or "").split("\n\n")[0].split())


def _purpose(view: Any) -> str:
    """A view's docstring without the address that it may begin with."""
    text = re.sub(r"^(GET|POST) \S+: ", "", _sentence(view))
    return text[:1].upper() + text[1:]


def _between(text: str, start: str) -> str:
    return text[text.index(start) :].rstrip()


def _default(value: object) -> str:
    if value is None:
        return "none"
    return f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{value}`"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def main() -> None:
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
