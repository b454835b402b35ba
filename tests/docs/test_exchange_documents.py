"""What docs/publish.md and docs/api.md say of files of explorations is what the code makes."""

from __future__ import annotations

import re

from datasette_llm_tools.explorations.documents import FORMAT, VERSION
from datasette_llm_tools.explorations.exchange.files import About, File, file_json
from datasette_llm_tools.explorations.exchange.formats import MEDIA_TYPES
from datasette_llm_tools.explorations.exchange.frozen_json import frozen_json
from datasette_llm_tools.explorations.values import Document, Frozen
from tests.docs.documents import first_cells, section

_EMPTY = File(About("", "", None, 1, None, ""), Document("x"))


def test_every_format_is_documented() -> None:
    named = first_cells(section("docs/publish.md", "Take it along"))
    assert {f"export.{kind}" for kind in MEDIA_TYPES} | {"block/BLOCK.csv"} <= named


def test_every_key_of_a_file_is_documented() -> None:
    said = section("docs/api.md", "A file of an exploration")
    told = file_json(_EMPTY)
    assert first_cells(said) == set(told)
    assert FORMAT in said and f'"`, {VERSION} |' in said
    for key, value in (("rows", frozen_json(Frozen("x"))), ("exploration", told["exploration"])):
        row = re.search(rf"^\| `{key}` \| (.+) \|$", said, re.M)
        assert row and set(value) <= set(re.findall(r"`(\w+)`", row[1]))
