"""Which tables and columns of a schema have to do with a question, by the words they share.

What does not depend on the question, the words of each table, is indexed once
for each schema: of 500 tables, most are then never looked at.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable
from functools import lru_cache
from math import fsum, log

from .name_words import singular_words, telling_words
from .schema import Column, Schema, Table

# How much it counts where an asked word stands.
_IN_TABLE_NAME = 4.0
_IN_COLUMN_NAME = 2.0
_IN_SAMPLE = 1.5
_IN_DESCRIPTION = 1.0
# A table that joins others which have to do with the question has so itself, a little.
_OF_NEIGHBOUR = 0.25

_Strengths = dict[int, float]  # by the number of the asked word


class _Index:
    """The words of a schema's tables by place, and which tables foreign keys join."""

    def __init__(self, schema: Schema) -> None:
        self.near: dict[str, set[str]] = {table.name: set() for table in schema.tables}
        self.names = {table.name: singular_words(table.name) for table in schema.tables}
        # For each word the tables that use it below their name, and how much that counts.
        self.uses: dict[str, dict[str, float]] = defaultdict(dict)
        self.sampled: dict[str, set[str]] = defaultdict(set)
        for table in schema.tables:
            self._add_words(table)
            for key in table.foreign_keys:
                if key.other_table in self.near and key.other_table != table.name:
                    self.near[table.name].add(key.other_table)
                    self.near[key.other_table].add(table.name)
        self._words = frozenset(self.uses).union(*self.names.values())

    def _add_words(self, table: Table) -> None:
        names = {word for each in table.columns for word in singular_words(each.name)}
        for word in names:
            self.uses[word][table.name] = _IN_COLUMN_NAME
        for text in (table.description, *(each.description for each in table.columns)):
            for word in singular_words(text or ""):
                self.uses[word].setdefault(table.name, _IN_DESCRIPTION)
        for column in table.columns:
            for sample in column.samples:
                for word in singular_words(sample):
                    self.sampled[word].add(table.name)

    def words_like(self, asked: str) -> dict[str, float]:
        """The words of the schema that an asked word meets, and how well.

        1 for the same word, less for a part: `dep` of departure, order in `orderlines`.
        """
        like = {each: 0.6 for each in self._words if asked in each} if len(asked) >= 4 else {}
        beginnings = (asked[:length] for length in range(3, len(asked)))
        like.update((each, 0.5) for each in beginnings if each in self._words)
        if asked in self._words:
            like[asked] = 1
        return like


# A Schema's hash is its version's, so that looking one up costs nothing.
@lru_cache(maxsize=8)
def _index_of(schema: Schema) -> _Index:
    return _Index(schema)


class Relevance:
    """How much the tables and columns of a schema have to do with a question."""

    def __init__(self, schema: Schema, question: str) -> None:
        self._tables = schema.tables
        self._index = _index_of(schema)
        self._asked = telling_words(question)
        self._met: dict[str, _Strengths] = defaultdict(dict)
        for number, asked in enumerate(self._asked):
            for word, strength in self._index.words_like(asked).items():
                self._met[word][number] = strength

    def ranked(self) -> list[Table]:
        """The tables that have to do with the question, best first, and what joins them.

        All of them, the most connected and fullest first, if none has.
        """
        near = self._index.near
        own = self._scores()
        if not own:
            return sorted(self._tables, key=lambda t: (-len(near[t.name]), -(t.row_count or 0)))
        scores = {
            name: own.get(name, 0)
            + _OF_NEIGHBOUR * sum(sorted((own.get(n, 0) for n in neighbours), reverse=True)[:2])
            for name, neighbours in near.items()
        }
        best = max(own.values())
        order: dict[str, None] = {}  # a set that keeps its order
        for name in sorted((n for n in scores if scores[n] > 0), key=lambda n: -scores[n]):
            if own.get(name, 0) > best / 3 and name not in order:
                order.update(dict.fromkeys(self._path(order, name)))
            order[name] = None
        by_name = {table.name: table for table in self._tables}
        return [by_name[name] for name in order]

    def of_column(self, column: Column) -> float:
        """The sum over the question's words of how well the column meets each."""
        best: _Strengths = {}
        self._meet(best, singular_words(column.name), _IN_COLUMN_NAME)
        self._meet(best, singular_words(column.description or ""), _IN_DESCRIPTION)
        sampled = {word for sample in column.samples for word in singular_words(sample)}
        for number, asked in enumerate(self._asked):
            if asked in sampled:
                _raise(best, {number: 1}, _IN_SAMPLE)
        return fsum(best.values())

    def _scores(self) -> dict[str, float]:
        """A score above 0 for each table that meets the question; a common word counts little."""
        met = self._met_by_tables()
        meeting = Counter(number for each in met.values() for number in each)
        rare = {
            number: log(1 + len(self._tables) / (1 + count)) for number, count in meeting.items()
        }
        # fsum, because a plain sum depends on the order of a set, and so on the process.
        return {
            name: fsum(strength * rare[number] for number, strength in each.items())
            for name, each in met.items()
        }

    def _met_by_tables(self) -> dict[str, _Strengths]:
        """For each table that meets an asked word, its greatest strength for each."""
        found: dict[str, _Strengths] = defaultdict(dict)
        for name, words in self._index.names.items():
            covered = sum(word in self._met for word in words)
            if covered:
                weight = _IN_TABLE_NAME * (0.5 + covered / len(words) / 2)
                self._meet(found[name], words, weight)
        for word, strengths in self._met.items():
            for name, weight in self._index.uses.get(word, {}).items():
                _raise(found[name], strengths, weight)
        for number, asked in enumerate(self._asked):
            # Only whole words: half of a value says nothing.
            for name in self._index.sampled.get(asked, ()):
                _raise(found[name], {number: 1}, _IN_SAMPLE)
        return found

    def _meet(self, best: _Strengths, words: Iterable[str], weight: float) -> None:
        for word in words:
            _raise(best, self._met.get(word, {}), weight)

    def _path(self, start: Container[str], goal: str) -> list[str]:
        """The tables between, where at most two join `goal` to the nearest of `start`."""
        paths = [[goal]]
        seen = {goal}
        for _ in range(3):
            longer = []
            for path in paths:
                for name in sorted(self._index.near[path[-1]] - seen):
                    if name in start:
                        return path[1:]
                    seen.add(name)
                    longer.append([*path, name])
            paths = longer
        return []


def _raise(best: _Strengths, strengths: _Strengths, weight: float) -> None:
    """Keep the greater of what was found for each asked word and what is found now."""
    for number, strength in strengths.items():
        best[number] = max(best.get(number, 0), weight * strength)
