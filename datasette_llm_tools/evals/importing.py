"""Suites that come in as text, and go out as a file that the command line runs, too."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BadInput, Conflict
from ..permissions import Actor
from ..questions.views import MAX_QUESTION_CHARACTERS
from . import access, store
from .marking import suite_name
from .suites import suite_from_text
from .values import Case, Suite
from .yaml_suites import suite_yaml

if TYPE_CHECKING:
    from datasette.app import Datasette

MAX_TEXT_BYTES = 1_000_000  # reading YAML takes seconds a megabyte


async def import_suite(
    datasette: Datasette, actor: Actor, text: str, name: str, *, over: bool
) -> Suite:
    """Keep the suite of a text, YAML or JSONL, whose databases are served here.

    `name` goes before what the text says. Raises BadInput, with the line; Conflict where there is
    such a suite and `over` is not wanted; NotAllowed where that has cases that the actor may not
    see; what `require` raises for a database.
    """
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise BadInput(f"A suite may have {MAX_TEXT_BYTES:,} bytes; split it.")
    suite = await asyncio.to_thread(suite_from_text, text, name or "imported")
    suite = replace(suite, name=suite_name(name or suite.name))
    too_long = [each.id for each in suite.cases if len(each.question) > MAX_QUESTION_CHARACTERS]
    if too_long:
        raise BadInput(
            f"The question of {too_long[0]} has more than {MAX_QUESTION_CHARACTERS} characters."
        )
    places: dict[str, str] = {}
    for case in suite.cases:
        if case.database not in places:
            places[case.database] = await access.located(datasette, actor, case)
    cases = tuple(replace(each, database=places[each.database]) for each in suite.cases)
    suite = replace(suite, cases=cases)
    kept = await store.opened(datasette)
    if suite.name in await store.suite_names(kept):
        there = await store.suite_of(kept, suite.name)
        if not over or not await access.may_use(datasette, actor, there):
            raise Conflict(
                f"There is a suite called {suite.name} already: give this one another name, or say "
                "that it takes the place of yours."
            )
        access.require_all(datasette, actor, await access.as_read(datasette, actor, there))
    await store.save_suite(kept, suite)
    return suite


def exported(datasette: Datasette, suite: Suite) -> str:
    """A suite as YAML. Databases are called by the names of their files, without folders.

    So it runs from the command line beside those files, and is read where they are served.
    """
    cases = tuple(replace(each, database=_file_name(datasette, each)) for each in suite.cases)
    said = ""
    if suite.left_out:
        said = f"# Left out, for they read tables that you may not view: {len(suite.left_out):,}\n"
    return said + suite_yaml(replace(suite, cases=cases), Path())


def _file_name(datasette: Datasette, case: Case) -> str:
    name = access.served(datasette, case.database)
    if name is None:
        return Path(case.database).name
    path = datasette.get_database(name).path
    # Served under another name than its file's, it would not be found again.
    is_found = path is not None and access.served(datasette, Path(path).name) == name
    return Path(path).name if path is not None and is_found else name
