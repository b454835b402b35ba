"""What is different between the rows that were frozen and those of today, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...times import said_day
from ..canonical import canonical_json
from ..values import Frozen
from .row_pairs import Compared, Pair, compared
from .values import RowChange, Verdict, Verification

MOST_CHANGES = 100
MOST_CHARACTERS = 500  # of a cell in a change

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    """One result: a block's rows, or those of one of a widget's queries, which has a name."""

    name: str
    columns: tuple[str, ...]
    rows: Sequence[Row]


def differences(before: Frozen, after: Frozen) -> Verification:
    """Compare what was frozen with what was frozen again now, by whoever asks.

    Equal are numbers within a billionth of each other, but for whole ones. Takes time in proportion
    to the rows: some 10 ms for 1,000 of them, so call it off the event loop.
    """
    schema_changed = bool(before.schema_hash) and before.schema_hash != after.schema_hash
    if after.refused is not None or before.refused is not None:
        then = f"It had no rows when it was published: {before.refused}"
        return Verification(
            block_id=before.block_id,
            verdict=Verdict.REFUSED,
            message=str(after.refused) if before.refused is None else then,
            verified_at=after.taken_at,
            schema_changed=schema_changed and after.refused is None,
        )
    tables = [_compared(left, right) for left, right in _tables(before, after)]
    shown = next((each for each in tables if not each.is_same), tables[0])
    verdict = _verdict(tables)
    counts = {
        name: sum(getattr(each, name) for each in tables) for name in ("added", "lost", "changed")
    }
    notes = _notes(tables, schema_changed, before.truncated or after.truncated)
    return Verification(
        block_id=before.block_id,
        verdict=verdict,
        message=" ".join([_message(verdict, tables, before.taken_at), *notes]),
        verified_at=after.taken_at,
        schema_changed=schema_changed,
        columns_before=shown.before.columns,
        columns_after=shown.after.columns,
        changes=shown.changes if verdict is Verdict.DIFFERENT else (),
        **counts,
    )


@dataclass(frozen=True, slots=True)
class _Difference:
    """Two results against each other."""

    before: _Table
    after: _Table
    compared: Compared

    @property
    def is_same(self) -> bool:
        return not self.compared.pairs and self.before.columns == self.after.columns

    @property
    def added(self) -> int:
        return sum(each.before is None for each in self.compared.pairs)

    @property
    def lost(self) -> int:
        return sum(each.after is None for each in self.compared.pairs)

    @property
    def changed(self) -> int:
        return len(self.compared.pairs) - self.added - self.lost

    @property
    def changes(self) -> tuple[RowChange, ...]:
        return tuple(map(self._change, self.compared.pairs[:MOST_CHANGES]))

    def _change(self, pair: Pair) -> RowChange:
        before = None if pair.before is None else _cut(self.before.rows[pair.before])
        after = None if pair.after is None else _cut(self.after.rows[pair.after])
        at = pair.before if pair.after is None else pair.after
        return RowChange(at or 0, before, after)


def _cut(row: Row) -> Row:
    """A row with long texts cut: what came of a check is kept in memory for a while."""
    return tuple(
        f"{cell[:MOST_CHARACTERS]}…"
        if isinstance(cell, str) and len(cell) > MOST_CHARACTERS
        else cell
        for cell in map(_blob_cut, row)
    )


def _blob_cut(cell: Any) -> Any:
    if not isinstance(cell, dict):
        return cell
    size = len(str(cell.get("encoded", ""))) * 3 // 4
    return f"Binary: {size:,} bytes"


def _tables(before: Frozen, after: Frozen) -> Iterator[tuple[_Table, _Table]]:
    """The results to compare; one that a widget has not any more has no rows."""
    left, right = _results(before), _results(after)
    for key in dict.fromkeys([*left, *right]):
        nothing = _Table((left.get(key) or right[key]).name, (), ())
        yield left.get(key, nothing), right.get(key, nothing)


def _results(frozen: Frozen) -> dict[str, _Table]:
    queries = frozen.more.get("queries")
    if not isinstance(queries, list):
        return {"": _Table("", frozen.columns, frozen.rows)}
    tables = {
        canonical_json([query["name"], result["params"]]): _Table(
            str(query["name"]), tuple(result["columns"]), [tuple(row) for row in result["rows"]]
        )
        for query in queries
        for result in query["results"]
    }
    return tables or {"": _Table("", (), ())}


def _compared(before: _Table, after: _Table) -> _Difference:
    """Rows by the columns that are on both sides; where there are none, all rows are others."""
    if before.columns == after.columns:
        return _Difference(before, after, compared(before.rows, after.rows))
    left, right = numbered(before.columns), numbered(after.columns)
    common = [name for name in left if name in right]
    if not common:
        lost = [Pair(index, None) for index in range(len(before.rows))]
        new = [Pair(None, index) for index in range(len(after.rows))]
        return _Difference(before, after, Compared((*new, *lost), False, False))
    found = compared(
        [[row[left[name]] for name in common] for row in before.rows],
        [[row[right[name]] for name in common] for row in after.rows],
    )
    return _Difference(before, after, found)


def numbered(columns: Sequence[str]) -> Mapping[tuple[str, int], int]:
    """The place of each column by its name and how many of that name stand before it."""
    return {(name, columns[:place].count(name)): place for place, name in enumerate(columns)}


def _verdict(tables: Sequence[_Difference]) -> Verdict:
    if not all(each.is_same for each in tables):
        return Verdict.DIFFERENT
    is_reordered = any(each.compared.is_reordered for each in tables)
    return Verdict.REORDERED if is_reordered else Verdict.SAME


def _message(verdict: Verdict, tables: Sequence[_Difference], since: str) -> str:
    if verdict is Verdict.SAME:
        return f"The same rows as on {said_day(since)}."
    if verdict is Verdict.REORDERED:
        then = said_day(since)
        return f"The same rows as on {then}, in another order, which its SQL leaves open."
    names = ", ".join(dict.fromkeys(each.before.name for each in tables if not each.is_same))
    said = list(_columns_said(tables)) + list(_rows_said(tables))
    where = f"In {names}: " if names else ""
    return f"{where}{_listed(said)} since {said_day(since)}."


def _rows_said(tables: Sequence[_Difference]) -> Iterator[str]:
    for name, said in (("changed", "changed"), ("added", "added"), ("lost", "lost")):
        number = sum(getattr(each, name) for each in tables)
        if number:
            yield f"{number:,} row{'' if number == 1 else 's'} {said}"


def _columns_said(tables: Sequence[_Difference]) -> Iterator[str]:
    for each in tables:
        before, after = each.before.columns, each.after.columns
        new = [name for name in after if name not in before]
        gone = [name for name in before if name not in after]
        for names, said in ((new, "new"), (gone, "gone")):
            if names:
                yield f"{'column' if len(names) == 1 else 'columns'} {', '.join(names)} {said}"
        if before != after and not new and not gone:
            yield "columns in another order"


def _notes(
    tables: Sequence[_Difference], schema_changed: bool, is_truncated: bool
) -> Iterator[str]:
    if any(each.compared.is_rounded for each in tables):
        yield "Some numbers differ by less than a billionth, which counts as the same."
    if is_truncated:
        yield "There are more rows than are kept; only those were compared."
    if schema_changed:
        yield "The columns of the tables that it reads are not those of then."


def _listed(said: Sequence[str]) -> str:
    text = said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
    return text[:1].upper() + text[1:]
