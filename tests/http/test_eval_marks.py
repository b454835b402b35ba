"""What the person who asked says of an answer: right, wrong, nothing; and what becomes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlite_utils import Database

from datasette_llm_tools import migrations
from datasette_llm_tools.questions import store
from tests.sites import make_site

COUNT = "select count(*) as sales from sale"


@pytest.mark.asyncio
async def test_a_mark_is_kept_until_the_sql_is_another(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda text: COUNT) as site:
        asked = await site.ask("How many sales?")
        found = await store.get(site.datasette, asked["id"])
        assert found is not None and found.verified is None
        for verified in (True, False, None, True):
            await store.mark(site.datasette, asked["id"], verified)
            found = await store.get(site.datasette, asked["id"])
            assert found is not None and found.verified is verified
        await site.post(f"{asked['url']}/-/run", {"sql": COUNT})
        found = await store.get(site.datasette, asked["id"])
        assert found is not None and found.verified is True
        await site.post(f"{asked['url']}/-/run", {"sql": "select 1"})
        found = await store.get(site.datasette, asked["id"])
        assert found is not None and found.verified is None


def test_questions_from_before_have_no_mark(tmp_path: Path) -> None:
    database = Database(tmp_path / "internal.db")
    migrations.internal.apply(database, stop_before="0003_verified")
    database.execute(
        "insert into llm_tools_questions "
        "(id, database_name, question, status, shared, created_at, details) "
        "values ('a', 'shops', 'How many?', 'answered', 0, '', '{}')"
    )
    database.conn.commit()
    migrations.apply(database.conn)
    assert list(database.query("select id, verified from llm_tools_questions")) == [
        {"id": "a", "verified": None}
    ]
    database.close()
