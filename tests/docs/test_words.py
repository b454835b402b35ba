"""Links in the documents lead somewhere, and nothing is in them that has no place there."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.docs.documents import ALL, DOCS, ROOT, text_of

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FORBIDDEN = [
    "/tmp/",
    "/work/",
    "/home/",
    "pypi.org",
    "files.pythonhosted",
    "registry.npmjs",
    "deb.debian.org",
    "\N{EM DASH}",
]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def prose(path: Path) -> str:
    """A document without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", prose(path), re.M)
    return {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_links_resolve(path: Path) -> None:
    for target in LINK.findall(prose(path)):
        if re.match(r"https?://", target):
            continue
        file, _, anchor = target.partition("#")
        linked = (path.parent / file).resolve() if file else path
        assert linked.is_file(), f"{target} leads nowhere"
        if anchor:
            assert anchor in anchors(linked), f"{target}: there is no such heading"


def test_every_document_is_linked_from_the_readme() -> None:
    linked = set(LINK.findall(text_of("README.md")))
    assert {name_of(path) for path in DOCS} <= linked


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_nothing_is_in_it_that_has_no_place_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [each for each in FORBIDDEN if each in text] == []


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_it_begins_with_one_title_and_skips_no_level(path: Path) -> None:
    levels = [len(each) for each in re.findall(r"^(#+) ", prose(path), re.M)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
