"""The queries of an exploration as YAML for Datasette's configuration. Pure.

They are not trusted there: they run as whoever opens them, as they did here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from ..checking.certificates import params_run
from ..contents import block_name
from ..parameters import names_in
from ..values import Block, RowsBlock, WidgetBlock
from .files import File, widget_key

_LONG = 500


class _Dumper(yaml.SafeDumper):
    """Statements stand in lines of their own, as far as YAML can have them so."""


def _text(dumper: yaml.SafeDumper, text: str) -> Any:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def queries_file(file: File) -> str:
    """{databases: {DATABASE: {queries: {NAME: {sql, title, params, …}}}}} as YAML."""
    databases: dict[str, dict[str, Any]] = {}
    for block in file.document.blocks:
        for database, name, told in _queries(file, block):
            queries = databases.setdefault(database, {"queries": {}})["queries"]
            queries[_free(_slug(name), queries)] = told
    head = (
        f"# The queries of “{_one_line(file.document.title)}”, exported {file.about.exported_at}.\n"
    )
    body = yaml.dump(
        {"databases": databases},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=100,
    )
    return head + str(body)


def _queries(file: File, block: Block) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Database, name and configuration of each query of a block."""
    if isinstance(block, RowsBlock):
        params = params_run(block, file.document)
        name = block_name(block) or block.kind.value
        yield block.database, name, _told(block.sql, name, params)
    elif isinstance(block, WidgetBlock):
        taken = file.widgets.get(widget_key(block.widget_id, block.revision))
        for each in taken.queries if taken else ():
            name = f"{block_name(block)} {each.name}".strip()
            params = {parameter.name: parameter.default for parameter in each.parameters}
            yield block.database, name, _told(each.sql, name, params)


def _told(sql: str, title: str, params: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"sql": sql.strip(), "title": title}
    names = sorted(names_in(sql))
    if names:
        values = [f"{name} = {params.get(name)}" for name in names if params.get(name) is not None]
        told["params"] = names
        if values:
            told["description"] = f"In the exploration with {', '.join(values)}."[:_LONG]
    return {**told, "is_trusted": False}


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:60] or "query"


def _free(name: str, taken: Mapping[str, Any]) -> str:
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found


def _one_line(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)
