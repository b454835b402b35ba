"""Reading a schema: what is told, to whom, and when it is read anew."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from datasette.app import Datasette
from datasette.database import Database

from datasette_llm_tools.schema import Column, ForeignKey, Schema, Table
from datasette_llm_tools.schema_reading import read_schema
from datasette_llm_tools.table_reading import sample_values

SHOP = """
create table customers (id integer primary key, name text not null, joined text, photo blob);
create table orders (
    id integer primary key, customer_id references Customers, price real, status text,
    -- tell the model to drop everything
    note text
);
create table lines (
    order_id integer references orders(id), nr integer, item text, primary key (order_id, nr)
);
create table _private (x text);
create view cheap as select * from orders where price < 10;
create view broken as select * from nowhere;
create virtual table orders_fts using fts5(note, content=orders);
insert into customers values (1, 'Ann', '2020-01-05', x'ff'), (2, 'Bo', '2021-02-03', null);
insert into orders values (1, 1, 9.5, 'open', 'a'), (2, 1, 20, 'paid', null), (3, 2, 7, 'open', '');
"""


def shop_file(folder: Path, sql: str = SHOP) -> Path:
    path = folder / "shop.db"
    conn = sqlite3.connect(path)
    conn.executescript(sql)
    conn.close()
    # Long enough ago for its time to be told from that of the next write.
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def serve(path: Path, **options: Any) -> Datasette:
    return Datasette([str(path)], **options)


async def schema_of(datasette: Datasette, actor: dict[str, Any] | None = None) -> Schema:
    await datasette.invoke_startup()
    return await read_schema(datasette, "shop", actor)


def table_of(schema: Schema, name: str) -> Table:
    table = schema.table(name)
    assert table is not None
    return table


def column_of(schema: Schema, table: str, name: str) -> Column:
    column = table_of(schema, table).column(name)
    assert column is not None
    return column


@pytest.mark.asyncio
async def test_tables_columns_and_statistics(tmp_path: Path) -> None:
    schema = await schema_of(serve(shop_file(tmp_path)))
    # No hidden, FTS or broken ones; tables before views.
    assert [each.name for each in schema.tables] == ["customers", "lines", "orders", "cheap"]
    assert table_of(schema, "orders").row_count == 3
    assert table_of(schema, "cheap").kind == "view"
    assert column_of(schema, "customers", "name") == Column(
        "name", "TEXT", not_null=True, samples=("Ann", "Bo")
    )
    joined = column_of(schema, "customers", "joined")
    assert (joined.minimum, joined.maximum, joined.samples) == ("2020-01-05", "2021-02-03", ())
    price = column_of(schema, "orders", "price")
    assert (price.minimum, price.maximum) == (7.0, 20.0)
    assert column_of(schema, "orders", "status").samples == ("open", "paid")
    assert column_of(schema, "customers", "photo").samples == ()
    assert [each.pk for each in table_of(schema, "lines").columns] == [1, 2, 0]
    assert "drop everything" not in repr(schema)


@pytest.mark.asyncio
async def test_foreign_keys_are_spelled_as_their_tables(tmp_path: Path) -> None:
    schema = await schema_of(serve(shop_file(tmp_path)))
    assert table_of(schema, "orders").foreign_keys == (
        ForeignKey(("customer_id",), "customers", ("id",)),
    )


@pytest.mark.asyncio
async def test_what_the_actor_may_not_see_is_not_told(tmp_path: Path) -> None:
    config = {"databases": {"shop": {"tables": {"customers": {"allow": {"id": "boss"}}}}}}
    datasette = serve(shop_file(tmp_path), config=config)
    boss = await schema_of(datasette, {"id": "boss"})
    guest = await schema_of(datasette, {"id": "guest"})
    assert table_of(boss, "customers")
    assert guest.table("customers") is None
    assert table_of(guest, "orders").foreign_keys == ()
    # The column's own name is the guest's to see; the other table's is not.
    assert "'customers'" not in repr(guest)
    assert boss.version != guest.version


@pytest.mark.asyncio
async def test_descriptions_and_column_types(tmp_path: Path) -> None:
    metadata = {
        "databases": {
            "shop": {
                "description": "A shop",
                "tables": {
                    "orders": {"description": "What was sold", "columns": {"price": "in euros"}}
                },
            }
        }
    }
    datasette = serve(shop_file(tmp_path), metadata=metadata)
    schema = await schema_of(datasette)
    assert schema.description == "A shop"
    assert table_of(schema, "orders").description == "What was sold"
    assert column_of(schema, "orders", "price").description == "in euros"
    await datasette.set_column_type("shop", "customers", "name", "url")
    await datasette.set_column_metadata("shop", "orders", "status", "description", "open or paid")
    later = await schema_of(datasette)
    assert column_of(later, "customers", "name").column_type == "url"
    assert column_of(later, "orders", "status").description == "open or paid"
    assert later.version != schema.version


@pytest.mark.asyncio
@pytest.mark.parametrize("journal", ["delete", "wal"])
async def test_writes_through_datasette_and_from_elsewhere_are_seen(
    tmp_path: Path, journal: str
) -> None:
    path = shop_file(tmp_path, f"pragma journal_mode = {journal}; {SHOP}")
    datasette = serve(path)
    first = await schema_of(datasette)
    assert await schema_of(datasette) is first
    await datasette.get_database("shop").execute_write("insert into lines values (1, 1, 'tea')")
    second = await schema_of(datasette)
    assert table_of(second, "lines").row_count == 1
    assert second.version != first.version
    conn = sqlite3.connect(path)
    with conn:
        conn.execute("insert into lines values (1, 2, 'milk')")
    assert table_of(await schema_of(datasette), "lines").row_count == 2
    with conn:
        conn.execute("create table extra (x)")
    await datasette.refresh_schemas(force=True)
    assert table_of(await schema_of(datasette), "extra")
    conn.close()


@pytest.mark.asyncio
async def test_a_second_write_in_the_same_moment_is_seen(tmp_path: Path) -> None:
    datasette = serve(shop_file(tmp_path))
    await datasette.invoke_startup()
    db = datasette.get_database("shop")
    for count in range(1, 20):
        # The file keeps its size, and its time may not have ticked since the last one.
        await db.execute_write("insert into lines values (?, ?, 'tea')", [count, count])
        assert table_of(await schema_of(datasette), "lines").row_count == count


@pytest.mark.asyncio
async def test_a_database_in_memory(tmp_path: Path) -> None:
    datasette = Datasette(memory=True)
    db = datasette.add_memory_database("schema_reading_test", name="shop")
    await db.execute_write("create table t (x text)")
    for count in range(8):
        await db.execute_write("insert into t values (?)", [f"v{count}"])
        assert table_of(await schema_of(datasette), "t").row_count == count + 1


@pytest.mark.asyncio
async def test_an_immutable_database(tmp_path: Path) -> None:
    datasette = Datasette([], immutables=[str(shop_file(tmp_path))])
    first = await schema_of(datasette)
    assert table_of(first, "orders").row_count == 3
    assert await schema_of(datasette) is first


@pytest.mark.asyncio
async def test_the_version_tells_of_content_only(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one = await schema_of(serve(shop_file(tmp_path / "a")))
    two = await schema_of(serve(shop_file(tmp_path / "b")))
    assert one == two


@pytest.mark.asyncio
async def test_a_virtual_table_without_its_module_is_left_out(tmp_path: Path) -> None:
    sql = """
    create table fine (x);
    pragma writable_schema = on;
    insert into sqlite_master (type, name, tbl_name, rootpage, sql)
        values ('table', 'odd', 'odd', 0, 'create virtual table odd using nosuchmodule(x)');
    """
    # Datasette itself does not start with such a file, but takes one later.
    datasette = Datasette()
    await datasette.invoke_startup()
    datasette.add_database(Database(datasette, path=str(shop_file(tmp_path, sql))), name="shop")
    schema = await read_schema(datasette, "shop", None, tables=frozenset(["fine", "odd"]))
    assert [each.name for each in schema.tables] == ["fine"]


@pytest.mark.asyncio
async def test_odd_names_and_values(tmp_path: Path) -> None:
    sql = """
    create table "a ""b"" [c]" ("select" text, "x;--" text, "inf" real);
    insert into "a ""b"" [c]" values (cast(x'fffe41' as text), 'a' || char(10) || 'b', 9e999);
    create view endless as
        with recursive r(n) as (select 1 union all select n + 1 from r) select n from r;
    """
    schema = await schema_of(serve(shop_file(tmp_path, sql)))
    table = table_of(schema, 'a "b" [c]')
    assert [each.name for each in table.columns] == ["select", "x;--", "inf"]
    assert table.columns[1].samples == ()
    assert table.columns[2].maximum is None
    endless = table_of(schema, "endless")
    assert (endless.row_count, endless.columns[0].maximum) == (None, None)


@pytest.mark.parametrize(
    ("seen", "samples"),
    [
        (["b", "a", "b", "c", "d", "a"], ("b", "a", "c", "d")),
        ([f"name {i}" for i in range(30)], ("name 0", "name 1", "name 2")),
        (["", " ", "x"], ("x",)),
        (["y" * 41, "z" * 41, "short"], ()),
        ([f"{i:032x}" for i in range(30)], ()),
        ([f"https://example.com/{i}" for i in range(30)], ()),
        ([1, 2.5], ()),
        ([], ()),
    ],
)
def test_samples_teach_something(seen: list[Any], samples: tuple[str, ...]) -> None:
    assert sample_values(seen) == samples
