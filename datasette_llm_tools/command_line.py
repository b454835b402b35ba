"""What commands share: arguments and options, a Datasette on the file that was named, how they
end, and rows as lines of text."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn

import click
import stamina
from datasette.app import Datasette
from datasette.utils import BadMetadataError, StartupError

from .errors import BadInput, LlmToolsError

ACTOR = {"id": "root"}
STOPPED_BY_SIGNAL = 130  # the exit code that shells give to Ctrl-C
_MAGIC = b"SQLite format 3\0"
_CELL_CHARACTERS = 40

database_file = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
config_option = click.option(
    "--config", type=click.File(), help="Datasette configuration (YAML or JSON)."
)
json_option = click.option("as_json", "--json", is_flag=True, help="Print the outcome as JSON.")
model_option = click.option(
    "model", "-m", "--model", help="Model to use, as `llm models` names it."
)


def exit_after(work: Coroutine[Any, Any, int], stopped: str) -> NoReturn:
    """Do the work of a command and end with the exit code that it gives.

    Its errors become one sentence; `stopped` is said after Ctrl-C.
    """
    try:
        code = asyncio.run(work)
    except (LlmToolsError, BadMetadataError, StartupError) as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        click.echo(stopped, err=True)
        code = STOPPED_BY_SIGNAL
    sys.exit(code)


def require_database(path: Path) -> None:
    """Raise BadInput for a file that is missing or no database."""
    if not path.is_file():
        raise BadInput(f"There is no file {path}.")
    if not is_database(path):
        raise BadInput(
            f"{path} is not a SQLite database; make one of it first, as with "
            "`sqlite-utils insert data.db rows file.csv --csv`."
        )


def is_database(path: Path) -> bool:
    """Whether a file begins as SQLite's do."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


@asynccontextmanager
async def opened(path: Path, told: Mapping[str, Any]) -> AsyncIterator[tuple[Datasette, str]]:
    """A Datasette on one file, and the name that the database has there.

    `told` is what Datasette takes as `metadata` and `config`. Nothing that works in the
    background of a server is begun.
    """
    async with opened_files([path], told) as (datasette, names):
        yield datasette, names[0]


@asynccontextmanager
async def opened_files(
    paths: Sequence[Path], told: Mapping[str, Any]
) -> AsyncIterator[tuple[Datasette, list[str]]]:
    """A Datasette on several files, and the names that the databases have there, in order."""
    # What stamina logs of its retries is for servers; here the outcome is told.
    stamina.instrumentation.set_on_retry_hooks([])
    async with AsyncExitStack() as stack:
        datasette = Datasette([str(path) for path in paths], **told)
        datasette.root_enabled = True
        stack.callback(datasette.close)
        await datasette.invoke_startup()
        stack.push_async_callback(datasette.invoke_shutdown)
        await datasette.refresh_schemas()
        yield datasette, [_name(datasette, path) for path in paths]


def _name(datasette: Datasette, path: Path) -> str:
    """The database that the file became; others may have been opened beside it."""
    return str(
        next(
            name
            for name, database in datasette.databases.items()
            if database.path is not None and Path(database.path).samefile(path)
        )
    )


def table_lines(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    """Rows in columns, as wide as the terminal; cells cut, numbers to the right."""
    shown = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *shown, strict=True)]
    right = [
        bool(rows) and all(isinstance(row[i], (int, float, type(None))) for row in rows)
        for i in range(len(columns))
    ]
    width = shutil.get_terminal_size((200, 24)).columns if sys.stdout.isatty() else None
    for line in (list(columns), ["-" * each for each in widths], *shown):
        cells = [
            cell.rjust(widths[i]) if right[i] else cell.ljust(widths[i])
            for i, cell in enumerate(line)
        ]
        yield "  ".join(cells).rstrip()[:width]


def _cell(value: Any) -> str:
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    text = "" if value is None else " ".join(str(value).split())
    return text if len(text) <= _CELL_CHARACTERS else text[: _CELL_CHARACTERS - 1] + "…"
