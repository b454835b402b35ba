"""Changed copies differ from the database, hold its constraints, and are the same for a seed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from datasette_llm_tools.errors import BadInput
from datasette_llm_tools.evals.perturbing import (
    MAX_DATABASE_BYTES,
    Change,
    Variant,
    make_variants,
)

SCHEMA = '''
create table owner (
    id integer primary key, name text not null, city text, email text unique
);
create table pet (
    id integer primary key,
    owner_id integer not null references owner(id),
    kind text check (kind in ('cat', 'dog')),
    weight real,
    tag text not null,
    heavy integer generated always as (weight > 5) virtual
);
create table visit (pet_id integer references pet(id), day text, cost real);
create table prize (pet_id integer, year integer, "the ""prize""" text,
    primary key (pet_id, year))
    without rowid;
create table no_rows (id integer primary key, note text);
create view cats as select * from pet where kind = 'cat';
create virtual table words using fts5(tag);
create trigger no_visits after update on pet begin delete from visit; end;
'''


def make_pets(folder: Path) -> Path:
    path = folder / "pets.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA)
        for number in range(1, 31):
            connection.execute(
                "insert into owner values (?, ?, ?, ?)",
                [number, f"owner {number}", f"city {number % 7}", f"{number}@example"],
            )
            connection.execute(
                "insert into pet (id, owner_id, kind, weight, tag) values (?, ?, ?, ?, ?)",
                [number, number // 3 + 1, "cat" if number % 2 else "dog", number / 3, f"t{number}"],
            )
            connection.execute(
                "insert into visit values (?, ?, ?)", [number // 2 + 1, f"2024-01-{number:02}", 9.5]
            )
            connection.execute("insert into prize values (?, ?, ?)", [number, 2024, "gold"])
            connection.execute("insert into words values (?)", [f"word {number}"])
        connection.commit()
    return path


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def ask(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def variants(folder: Path, count: int = 4, seed: int = 0) -> dict[Change, Variant]:
    place = folder / f"copies {count} {seed}"
    place.mkdir()
    made = make_variants(folder / "pets.db", place, count, seed)
    return {each.change: each for each in made}


def test_the_database_stays_as_it_is_and_every_copy_differs(tmp_path: Path) -> None:
    path = make_pets(tmp_path)
    before, stamp = dump(path), path.read_bytes()
    made = variants(tmp_path)
    assert set(made) == set(Change)
    assert path.read_bytes() == stamp
    for each in made.values():
        assert each.rows > 0
        assert dump(each.path) != before


def test_a_seed_makes_the_same_copies_and_another_seed_others(tmp_path: Path) -> None:
    make_pets(tmp_path)
    first, again, other = variants(tmp_path), variants(tmp_path, 5), variants(tmp_path, seed=1)
    assert dump(first[Change.NULLS].path) == dump(again[Change.NULLS].path)
    for change in Change:
        assert dump(first[change].path) != dump(other[change].path)
    many = make_variants(tmp_path / "pets.db", tmp_path, 9)
    assert len({tuple(dump(each.path)) for each in many}) == 9


@pytest.mark.parametrize("change", Change)
def test_constraints_hold(tmp_path: Path, change: Change) -> None:
    make_pets(tmp_path)
    copy = variants(tmp_path)[change].path
    assert ask(copy, "pragma integrity_check") == [("ok",)]
    assert ask(copy, "pragma foreign_key_check") == []
    assert ask(copy, "select 1 from pet where kind not in ('cat', 'dog') or tag is null") == []
    assert ask(copy, "select 1 from owner where name is null") == []
    assert ask(copy, "select email from owner group by 1 having count(*) > 1") == []
    # The trigger would have emptied it.
    assert len(ask(copy, "select * from visit")) > 1


def test_ties(tmp_path: Path) -> None:
    make_pets(tmp_path)
    copy = variants(tmp_path)[Change.TIES].path
    assert ask(copy, "select count(distinct weight) < 30, count(*) from pet") == [(1, 30)]
    assert ask(copy, "select sum(id), sum(owner_id) from pet") == ask(
        tmp_path / "pets.db", "select sum(id), sum(owner_id) from pet"
    )


def test_nulls(tmp_path: Path) -> None:
    make_pets(tmp_path)
    copy = variants(tmp_path)[Change.NULLS].path
    assert ask(copy, "select count(*) from pet where weight is null") == [(3,)]
    assert ask(copy, "select count(*) from visit where pet_id is null") == [(3,)]
    assert ask(copy, "select count(*) from owner where email is null") == [(0,)]


def test_duplicates(tmp_path: Path) -> None:
    make_pets(tmp_path)
    copy = variants(tmp_path)[Change.DUPLICATES].path
    assert ask(copy, "select count(*), count(distinct tag) from pet") == [(33, 30)]
    assert ask(copy, "select count(*) from visit") == [(33,)]
    # An email and a year's prize are there once.
    assert ask(copy, "select count(*) from owner") == [(30,)]
    assert ask(copy, "select count(*) from prize") == [(30,)]


def test_an_empty_group(tmp_path: Path) -> None:
    make_pets(tmp_path)
    copy = variants(tmp_path)[Change.EMPTY_GROUP].path
    lost = "select count(*) from pet where id <= 16 and id not in (select pet_id from visit)"
    assert ask(copy, lost) == [(1,)]
    assert ask(tmp_path / "pets.db", lost) == [(0,)]
    # Visits refer to pets, so no pet may go.
    assert ask(copy, "select count(*) from pet") == [(30,)]


def test_a_database_with_nothing_to_change_has_no_copies(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table t (id integer primary key)")
    assert make_variants(path, tmp_path, 4) == ()


def test_what_cannot_be_copied_is_told(tmp_path: Path) -> None:
    path = tmp_path / "large.db"
    with path.open("wb") as file:
        file.truncate(MAX_DATABASE_BYTES + 1)
    with pytest.raises(BadInput, match="too large"):
        make_variants(path, tmp_path, 1)
    path.write_text("This is no database. " * 100)
    with pytest.raises(BadInput, match="cannot be copied"):
        make_variants(path, tmp_path, 1)
