"""A block as HTML that is the same for every reader, so that it can be kept and sent to all.

What differs is the token by which somebody came, carried along in addresses. In a kept fragment
two marks stand for it, `<?key>` and `<&key>`: no text of an author or a row can hold them, because
in those `<` is always escaped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlencode

from datasette.utils import tilde_encode
from markupsafe import Markup, escape

from ...markdown import markdown
from ...widgets.exporting.pictures import can_draw
from ..addresses import KEY
from ..canonical import LABELS
from ..checking.values import Certificate
from ..contents import block_anchor, block_name, headings
from ..labels import ColumnLabels, labels_of
from ..values import (
    Block,
    ChartBlock,
    EnrichmentBlock,
    Frozen,
    QueryBlock,
    QuestionBlock,
    RowsBlock,
    Words,
)
from .contexts import BlockShown, ChartShown, RowsShown
from .table_html import table_html

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ..running import Ran

# What is shown of a block: rows of now, rows of a snapshot, a sentence why there are none, or None
# for words and for a widget that gets its rows of now by itself.
Shown: TypeAlias = "Ran | Frozen | str | None"

VERSION = "2"  # of the HTML: another one, and kept fragments are rendered again
_FIRST_MARK, _NEXT_MARK = "<?key>", "<&key>"
_MOST_DRAWN_ROWS = 1000  # in the table below a chart; the CSV has all
_LONG_WORDS = 5000  # characters, of which the slowest Markdown takes milliseconds


async def block_html(
    datasette: Datasette,
    block: Block,
    shown: Shown,
    *,
    address: str,
    key: str | None = None,
    level: int = 2,
    certificate: Certificate | None = None,
    arguments: Mapping[str, str] | None = None,
) -> str:
    """A block as an article, at `address` (its page's path, without arguments).

    `key` is the token to carry along, `level` that of its heading, of words that of `#`;
    `arguments` say in addresses
    which rows are shown (mode, p_NAME) where these are not the ones that readers get.
    """
    html = await fragment_html(
        datasette,
        block,
        shown,
        address=address,
        level=level,
        certificate=certificate,
        arguments=arguments,
    )
    return with_key(html, key)


async def fragment_html(
    datasette: Datasette,
    block: Block,
    shown: Shown,
    *,
    address: str,
    level: int = 2,
    certificate: Certificate | None = None,
    arguments: Mapping[str, str] | None = None,
) -> str:
    """The same with marks in place of the token, to be kept; with_key() makes it whole."""
    template = datasette.get_jinja_environment().get_template("llm_tools/_exploration_block.html")
    work = partial(_context, datasette, block, shown, address, level, certificate)
    # Words may be made to take seconds; others' requests get their turn meanwhile.
    context = await asyncio.to_thread(work) if len(block.text) > _LONG_WORDS else work()
    chosen = escape(f"?{urlencode(arguments)}") + Markup(_NEXT_MARK) if arguments else None
    html: str = await template.render_async(
        block=context,
        key=Markup(_FIRST_MARK),
        next_key=Markup(_NEXT_MARK),
        chosen=chosen or Markup(_FIRST_MARK),
    )
    # Half a surrogate pair, which SQLite may hold, cannot be sent.
    return html.encode("utf-8", "replace").decode()


def with_key(fragment: str, key: str | None) -> str:
    """A fragment for whoever came by a token, or by none."""
    argument = urlencode({KEY: key}) if key else ""
    first, following = (f"?{argument}", f"&amp;{argument}") if key else ("", "")
    return fragment.replace(_FIRST_MARK, first).replace(_NEXT_MARK, following)


def _context(
    datasette: Datasette,
    block: Block,
    shown: Shown,
    address: str,
    level: int,
    certificate: Certificate | None,
) -> BlockShown:
    frozen = shown if isinstance(shown, Frozen) else None
    refused = shown if isinstance(shown, str) else frozen.refused if frozen else None
    has_rows = refused is None and shown is not None
    return BlockShown(
        id=block.id,
        anchor=block_anchor(block.id),
        kind=block.kind.value,
        name=block_name(block),
        level=level,
        address=address,
        exploration_url=address.rpartition("/-/block/")[0],
        refused=refused,
        # Words may quote rows: who is not shown the rows is not shown them either.
        text_html=_text_html(block, level) if refused is None else None,
        question=_question(block),
        sql=block.sql if isinstance(block, RowsBlock) else None,
        params=_params(block),
        database=None if isinstance(block, Words) else block.database,
        source=_source(datasette, block),
        written_by=getattr(getattr(block, "written", None), "model_id", None),
        rows=_rows(datasette, block, shown) if has_rows else None,
        chart=_chart(shown) if has_rows and isinstance(block, ChartBlock) else None,
        taken_at=frozen.taken_at or None if frozen else None,
        certificate=certificate.hash if certificate else None,
        faults=_faults(frozen),
    )


def _faults(frozen: Frozen | None) -> list[str]:
    """What a file's certificate of this block did not fit, as ends of sentences."""
    found = frozen.more.get("faults") if frozen else None
    return [str(each) for each in found] if isinstance(found, list) else []


def _text_html(block: Block, level: int) -> Markup | None:
    if not block.text:
        return None
    if not isinstance(block, Words):
        return markdown(block.text, headings=True)
    anchors = [each.anchor for each in headings(block)]
    return markdown(block.text, headings=True, anchors=anchors, top=level)


def _question(block: Block) -> str | None:
    """The question, where the block is called something else."""
    if not isinstance(block, QuestionBlock) or block_name(block) == block.question:
        return None
    return block.question or None


def _params(block: Block) -> list[tuple[str, str]]:
    if not isinstance(block, RowsBlock):
        return []
    return [(name, "NULL" if each is None else str(each)) for name, each in block.params.items()]


def _source(datasette: Datasette, block: Block) -> tuple[str, str] | None:
    """Words and an address for where a block comes from, if that is here."""
    if isinstance(block, Words) or block.database not in datasette.databases:
        return None  # of a file that came from elsewhere, or a database that is served no more
    if isinstance(block, QueryBlock) and block.query:
        url = f"{datasette.urls.database(block.database)}/{tilde_encode(block.query)}"
        return f"The query {block.query}", url
    if isinstance(block, EnrichmentBlock):
        path = f"/-/runs/{tilde_encode(block.database)}/{tilde_encode(block.run)}"
        said = f"{block.column} of {block.table}" if block.column else block.table
        return f"The run that filled {said}", str(datasette.urls.path(path))
    return None


def _rows(datasette: Datasette, block: Block, shown: Any) -> RowsShown | None:
    """The table of a block; of a chart, the numbers that it draws."""
    if not isinstance(block, RowsBlock):
        return None
    columns, rows = shown.columns, shown.rows
    if isinstance(block, ChartBlock):
        columns = _drawn(shown).get("titles") or columns
        rows = rows[:_MOST_DRAWN_ROWS]
    return RowsShown(
        table=table_html(columns, rows, _labels(datasette, block, shown)) if rows else None,
        count=len(shown.rows),
        listed=len(rows),
        truncated=shown.truncated,
    )


def _labels(
    datasette: Datasette, block: RowsBlock, shown: Any
) -> dict[int, tuple[ColumnLabels, str | None]]:
    """What the keys in a block's rows are called, with where the rows are that they name."""
    more = shown.more if isinstance(shown, Frozen) else {LABELS: shown.labels}
    is_here = block.database in datasette.databases
    return {
        at: (each, f"{datasette.urls.table(block.database, each.table)}/" if is_here else None)
        for at, each in labels_of(more).items()
    }


def _drawn(shown: Any) -> dict[str, Any]:
    return dict(shown.more if isinstance(shown, Frozen) else shown.drawn or {})


def _chart(shown: Any) -> ChartShown:
    drawn = _drawn(shown)
    return ChartShown(
        title=str(drawn.get("title") or ""),
        summary=str(drawn.get("summary") or ""),
        note=drawn.get("note"),
        left_out=list(map(str, drawn.get("left_out") or ())),
        has_picture=can_draw(),
        data=None if isinstance(shown, Frozen) else drawn,
    )
