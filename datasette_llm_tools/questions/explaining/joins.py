"""FROM with its joins, a sentence for each: what is matched, and whether rows are lost by it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ...sql_names import fold
from .phrases import Phrases, listed
from .row_keys import determined
from .scopes import Scope
from .sentences import Said, clause
from .sources import Source
from .values import Clause, NotUnderstood
from .written import Written

_JOIN_WORDS = {"natural", "left", "right", "full", "inner", "outer", "cross", "join"}


def from_clauses(written: Written, scope: Scope, phrases: Phrases) -> Iterator[Clause]:
    """The clauses of FROM; one without words where it holds what is no table or query."""
    pieces = _pieces(written)
    if len(pieces) != len(scope.sources) or not all(each.is_plain for each in scope.sources):
        yield Clause("FROM", written.text, None)
        return
    for piece, source in zip(pieces, scope.sources, strict=True):
        if source.join is None:
            yield clause("FROM", piece.text, partial(_taken, source), phrases)
        else:
            yield clause("JOIN", piece.text, partial(_joined, source, scope, phrases), phrases)


def _pieces(written: Written) -> list[Written]:
    """FROM cut up, each join with its keywords."""
    depth = written.tokens[0].depth
    starts = [0]
    for index, token in enumerate(written.tokens):
        if token.depth != depth or not index:
            continue
        before = written.tokens[index - 1]
        is_next = before.word in _JOIN_WORDS and before.depth == depth
        if token.text == "," or (token.word in _JOIN_WORDS and not is_next):
            starts.append(index)
    ends = [*starts[1:], len(written.tokens)]
    pieces = [written.cut(start, end) for start, end in zip(starts, ends, strict=True)]
    return [
        each.cut(1) if each.tokens[:1] and each.tokens[0].text == "," else each for each in pieces
    ]


def _taken(source: Source) -> Said:
    return Said(f"Takes the rows of {_called(source)}.")


def _called(source: Source) -> str:
    """A source, and which table it is where it goes by another name, as it is there twice."""
    table = source.table
    if table and fold(table.name) != fold(source.shown):
        return f"{source.shown} (the table {table.name})"
    return source.shown


def _joined(source: Source, scope: Scope, phrases: Phrases) -> Said:
    """What is matched, and what becomes of rows with no match or with several."""
    name = _called(source)
    match = _match(source, scope, phrases)
    if match is None:
        decides = "WHERE decides which of these stay."
        remarks = (decides,) if scope.tree.args.get("where") else ()
        return Said(f"Combines every row with every row of {name}.", remarks)
    lost = {
        "inner": "A row without a match is left out.",
        "left": f"A row without a match stays, with nothing in the columns of {source.shown}.",
        "right": f"Every row of {source.shown} stays; other rows without a match are left out.",
        "full": "Rows without a match stay on both sides.",
        "cross": "A row without a match is left out.",
    }[source.kind]
    if _matches_once(source, scope):
        return Said(f"Adds {name} where {match}.", (lost,))
    several = "A row with several matches comes once for each."
    return Said(f"Adds {name} where {match}.", (lost, several))


def _match(source: Source, scope: Scope, phrases: Phrases) -> str | None:
    """The condition of a join; None where every row is combined with every other."""
    join = source.join
    method = str(join.args.get("method") or "").upper()
    if method not in ("", "NATURAL"):
        raise NotUnderstood(method)
    if join.args.get("on") is not None:
        return phrases.condition(join.args["on"])
    if join.args.get("using"):
        return _same([each.name for each in join.args["using"]])
    if not method:
        return None
    if not scope.is_known:
        return "all columns of the same name are the same"
    place = scope.sources.index(source)
    earlier = [each.table for each in scope.sources[:place]]
    own = source.table.columns if source.table else ()
    shared = [one.name for one in own if any(each and each.column(one.name) for each in earlier)]
    return _same(shared) if shared else None


def _same(columns: list[str]) -> str:
    return f"{listed(columns)} {'is' if len(columns) == 1 else 'are'} the same in both"


def _matches_once(source: Source, scope: Scope) -> bool:
    """Whether at most one row can match, because the primary key is matched."""
    place = scope.sources.index(source)
    if source.kind not in ("inner", "left") or source.table is None:
        return False
    if any(each.kind in ("right", "full") for each in scope.sources):
        return False
    return source.alias in determined(scope, (), given=scope.sources[:place], only=source)
