"""An exploration as a Jupyter notebook, nbformat 4.5: words, and SQL that runs by sqlite3 against
files whose paths the reader sets, with the rows as they were as outputs."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ...times import said_time
from ..checking.certificates import params_run
from ..contents import block_name
from ..reading.table_html import table_html
from ..values import Block, ChartBlock, Frozen, QuestionBlock, RowsBlock, WidgetBlock, Words
from .files import File
from .markdown_file import escaped, misfit, own_words
from .plain_cells import results_of

_SETUP = '''\
import sqlite3
from pathlib import Path

# Where each database lies: set these paths.
PATHS = {paths}


def query(database, sql, params=()):
    """The rows of one statement as dictionaries; the file is only read."""
    address = Path(PATHS[database]).absolute().as_uri() + "?mode=ro"
    connection = sqlite3.connect(address, uri=True)
    try:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql, params)]
    finally:
        connection.close()
'''


def notebook_file(file: File, pictures: Mapping[str, bytes]) -> str:
    """The notebook as JSON. `pictures` are PNGs of charts by the id of their block."""
    paths = {name: f"{name}.db" for name in file.document.databases}
    cells = [_words("title", _title(file))]
    if paths:
        cells.append(_code("setup", _SETUP.replace("{paths}", _dictionary(paths)), []))
    for block in file.document.blocks:
        if isinstance(block, Words):
            cells.append(_words(block.id, own_words(block.text)))
        else:
            cells += _block(file, block, file.of(block.id), pictures.get(block.id))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, ensure_ascii=False, indent=1).encode("utf-8", "replace").decode()


def _title(file: File) -> str:
    about = file.about
    parts = [f"# {escaped(file.document.title)}", own_words(file.document.summary)]
    author = f"By {escaped(about.author)}. " if about.author else ""
    parts.append(f"{author}Exported {said_time(about.exported_at)}.")
    return "\n\n".join(each for each in parts if each)


def _block(
    file: File, block: Block, frozen: Frozen | None, picture: bytes | None
) -> list[dict[str, Any]]:
    head = [f"## {escaped(block_name(block) or block.kind.value.capitalize())}"]
    if isinstance(block, QuestionBlock) and block.question != block_name(block):
        head.append(f"Asked: {escaped(block.question)}")
    head.append(misfit(frozen))
    if frozen is not None and frozen.refused is not None:
        head.append(f"> {escaped(frozen.refused)}")
    if isinstance(block, WidgetBlock):
        head.append("A widget, which the HTML file shows. Its queries:")
    head.append(own_words(block.text))
    cells = [_words(block.id, "\n\n".join(each for each in head if each))]
    there = frozen if frozen is not None and frozen.refused is None else None
    if isinstance(block, WidgetBlock):
        found = results_of(there) if there else []
        return cells + [
            _query(f"{block.id}-{at}", block.database, sql, {}, [_rows(columns, rows)])
            for at, (_, sql, columns, rows) in enumerate(found, 1)
        ]
    if isinstance(block, RowsBlock):
        outputs = [_rows(there.columns, there.rows)] if there else []
        sql, params = block.sql, params_run(block, file.document)
        if isinstance(block, ChartBlock) and there:
            outputs = [*_picture(picture), *outputs]
            sql = str(there.more.get("sql") or sql)
        cells.append(_query(f"{block.id}-rows", block.database, sql, params, outputs))
    return cells


def _query(
    cell_id: str,
    database: str,
    sql: str,
    params: Mapping[str, Any],
    outputs: list[dict[str, Any]],
) -> dict[str, Any]:
    arguments = [repr(database), _literal(sql), *([repr(dict(params))] if params else [])]
    return _code(cell_id, f"query({', '.join(arguments)})", outputs)


def _literal(sql: str) -> str:
    """The statement as Python reads it, over its lines where that is possible."""
    is_plain = '"""' not in sql and "\\" not in sql and sql.replace("\n", "").isprintable()
    if "\n" in sql and is_plain:
        return f'"""\n{sql.strip()}\n"""'
    return repr(sql)


def _rows(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    said = f"{len(rows):,} row{'' if len(rows) == 1 else 's'}"
    return {
        "output_type": "execute_result",
        "execution_count": None,
        "metadata": {},
        "data": {"text/html": str(table_html(columns, rows)), "text/plain": said},
    }


def _picture(picture: bytes | None) -> list[dict[str, Any]]:
    if picture is None:
        return []
    data = {"image/png": base64.b64encode(picture).decode(), "text/plain": "A chart"}
    return [{"output_type": "display_data", "metadata": {}, "data": data}]


def _words(cell_id: str, text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": cell_id, "metadata": {}, "source": text}


def _code(cell_id: str, source: str, outputs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": cell_id,
        "metadata": {},
        "execution_count": None,
        "source": source,
        "outputs": outputs,
    }


def _dictionary(paths: Mapping[str, str]) -> str:
    lines = "".join(f"    {name!r}: {path!r},\n" for name, path in paths.items())
    return f"{{\n{lines}}}"
