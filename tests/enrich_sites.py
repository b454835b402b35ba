"""A site with a table to enrich, and people who may and who may not."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.sites import ALICE, CONFIG, Site, make_site

TABLE = "/-/enrichments/shops/remark"
# Alice and Bob may write, Carol may only read.
CAROL = {"id": "carol"}
WRITERS = {"id": ["alice", "bob", "root"]}
REMARKS = """
create table remark (id integer primary key, body text, mood text, stars integer, photo blob);
insert into remark (id, body, mood, stars) values
    (1, 'lovely tea', 'old', 5), (2, 'cold milk', null, 2), (3, 'fine shop', null, 4),
    (4, 'rude staff', null, 1), (5, '', null, 3), (6, 'tea {{ stars }} <b>x</b>', null, 4);
create view loud as select upper(body) as body from remark;
"""
FORM = {
    "template": "What mood is this? {{ body }}",
    "output_name_0": "feeling",
    "output_type_0": "label",
    "output_labels_0": "glad, sad",
}


def feeling(text: str) -> str:
    """The scripted reply to a remark: sad when it is cold or rude."""
    return json.dumps({"feeling": "sad" if re.search("cold|rude", text) else "glad"})


@asynccontextmanager
async def enrich_site(
    folder: Path,
    script: Callable[[str], Any] = feeling,
    *,
    more: str = "",
    config: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    delay: float = 0.0,
) -> AsyncIterator[Site]:
    """A site whose `remark` alice may enrich, with a model that answers by `script`."""
    base: dict[str, Any] = {
        **CONFIG,
        "permissions": {"update-row": WRITERS, "alter-table": WRITERS},
        **(config or {}),
    }
    async with make_site(
        folder, script, config=base, settings=settings, more_sql=[REMARKS, more], delay=delay
    ) as site:
        yield site


async def started(site: Site, form: dict[str, Any] | None = None, query: str = "") -> str:
    """Start a run as alice and return its address."""
    response = await site.post(f"{TABLE}/-/start{query}", form or FORM)
    assert response.status_code == 201, response.text
    return str(response.json()["url"])


async def until(
    site: Site, url: str, *statuses: str, actor: dict[str, Any] = ALICE
) -> dict[str, Any]:
    """The run once it has one of these statuses."""
    run: dict[str, Any] = {}
    for _ in range(3000):
        run = (await site.get(f"{url}.json", actor)).json()
        if run["status"] in statuses:
            return run
        await asyncio.sleep(0.01)
    raise AssertionError(f"The run is {run['status']}, not {statuses}: {run}")


async def table(site: Site, columns: str = "*") -> list[dict[str, Any]]:
    """The rows of the table as they are."""
    rows = await site.datasette.get_database("shops").execute(
        f"select {columns} from remark order by id"
    )
    return [dict(row) for row in rows]
