"""What a file brings for browsers to draw and run, made safe before it is kept. Pure.

The drawing of a chart may name no address and no element of the page; the HTML of a widget is
rebuilt as any widget's is. What is taken away is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...errors import BadInput
from ...widgets.exporting.pictures import refuse_addresses
from ...widgets.sandbox.documents import rebuild
from ...widgets.sandbox.libraries import NAMES
from ..canonical import LABELS, frozen_digest
from ..labels import labels_from_json
from ..strict_json import ObjectReader
from ..values import Block, ChartBlock, Frozen, WidgetBlock
from .frozen_json import is_cell

FAULTS = "faults"  # in `more`: what does not fit the certificate
_SAID = 2_000
_MOST_SAID = 100
_TEXTS = ("sql", "title", "summary", "note")
_LISTS = ("fields", "titles", "notes", "left_out")
_PLAIN = ("spec", "columns", "total", "truncated", "vega_lite")
# What of Vega reaches into the page around the chart, or holds another specification.
_REACHING = {"usermeta", "element", "signals", "config", "datasets", "embedOptions"}


def safe_frozen(frozen: Frozen, block: Block, misfits: Sequence[str] = ()) -> Frozen:
    """Rows of a file as they may be kept here. Raises BadInput for what no chart or widget is.

    `misfits` stay with the rows, so that whoever looks at them later is told.
    """
    if frozen.refused is not None:
        return replace(frozen, columns=(), rows=(), more={}, rows_hash="")
    more: dict[str, Any] = {}
    if isinstance(block, ChartBlock):
        more = _chart(frozen, block)
    elif isinstance(block, WidgetBlock):
        more = _widget(frozen, block)
    elif LABELS in frozen.more:
        place = f"The rows of block {block.id}"
        more[LABELS] = labels_from_json(frozen.more[LABELS], place, len(frozen.columns))
    told = [*_faults(frozen.more.get(FAULTS)), *misfits]
    if told:
        more[FAULTS] = list(dict.fromkeys(told))
    digest = frozen_digest(frozen.columns, frozen.rows, more)
    return replace(frozen, more=more, rows_hash=digest)


def _chart(frozen: Frozen, block: ChartBlock) -> dict[str, Any]:
    """What is drawn with, key by key; nothing that leads anywhere."""
    place = f"The rows of the chart “{block.title[:60]}”"
    read = ObjectReader(frozen.more, place)
    there = [name for name in (*_TEXTS, *_LISTS, *_PLAIN) if name in frozen.more]
    more = {name: frozen.more[name] for name in there}
    for name in _TEXTS:
        if name in there and more[name] is not None:
            read.text(name, 100_000)
    for name in _LISTS:
        if not all(isinstance(each, str) for each in read.items(name, 10_000)):
            raise read.wrong(name, "must be texts")
    if len(more.get("fields") or ()) != len(frozen.columns):
        raise read.wrong("fields", "must be as many as there are columns")
    if not isinstance(more.get("vega_lite"), dict):
        raise read.wrong("vega_lite", "must be an object that says how to draw the chart")
    try:
        refuse_addresses(more["vega_lite"])
        _refuse_reaching(more["vega_lite"])
    except BadInput as error:
        raise BadInput(f"{place}: {error.message}") from error
    return more


def _refuse_reaching(spec: Any) -> None:
    """Raise BadInput where a drawing reaches into the page, or holds what is not its own."""
    if isinstance(spec, Mapping):
        for name, value in spec.items():
            is_bound = name == "bind" and value not in ("scales", "legend")
            if name in _REACHING or is_bound or (name == "data" and value != {"name": "rows"}):
                raise BadInput(f"A chart draws rows of a query only; its drawing has {name}.")
            _refuse_reaching(value)
    elif isinstance(spec, list):
        for each in spec:
            _refuse_reaching(each)


def _widget(frozen: Frozen, block: WidgetBlock) -> dict[str, Any]:
    """HTML that was rebuilt, libraries that there are, and the results of queries."""
    read = ObjectReader(frozen.more, f"The rows of the widget “{block.title[:60]}”")
    html = read.text("html", 5_000_000, required=True)
    libraries = [each for each in read.items("libraries", 20) if each in NAMES]
    queries = [_query(each, read.place) for each in read.items("queries", 100)]
    return {"html": rebuild(html).html, "libraries": libraries, "queries": queries}


def _query(value: Any, place: str) -> dict[str, Any]:
    read = ObjectReader(value, f"{place}, a query")
    told = {"name": read.text("name", 100), "sql": read.text("sql", 100_000)}
    results = [_result(each, f"{place}, {told['name']}") for each in read.items("results", 1000)]
    read.end()
    return {**told, "results": results}


def _result(value: Any, place: str) -> dict[str, Any]:
    read = ObjectReader(value, place)
    params, truncated = read.get("params"), read.get("truncated")
    if not isinstance(params, dict) or not isinstance(truncated, bool):
        raise BadInput(f"{place}: a result needs params as an object, and truncated.")
    columns, rows = read.items("columns", 2000), read.items("rows", 1_000_000)
    if not all(isinstance(each, str) for each in columns):
        raise BadInput(f"{place}: the columns of a result must be texts.")
    if not all(isinstance(row, list) and len(row) == len(columns) for row in rows):
        raise BadInput(f"{place}: a row of a result has not as many cells as there are columns.")
    if not all(is_cell(each) for row in rows for each in row):
        raise BadInput(f"{place}: a result has a cell that SQLite does not have.")
    read.end()
    return {"params": params, "columns": columns, "rows": rows, "truncated": truncated}


def _faults(value: Any) -> list[str]:
    """What an earlier server found; marks are not lost on the way."""
    if not isinstance(value, list):
        return []
    return [each[:_SAID] for each in value[:_MOST_SAID] if isinstance(each, str)]
