"""Style sheets: what a page names is there, and no rule is for what is nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATES = {
    path.name: path.read_text("utf-8") for path in (ROOT / "templates/llm_tools").glob("*.html")
}
SHEETS = {path.stem: path.read_text("utf-8") for path in (ROOT / "static").glob("*.css")}
# Their files have no page: a file that was exported has them in it, and each its own colours.
EXPORTED = {"llm-tools-export", "llm-tools-export-exploration"}
# What Datasette, its search, its dialogs and its editor of SQL call their own parts.
DATASETTE = {
    *("hd", "ft", "not-footer", "nav-menu-inner", "datasette-modal"),
    *("search-input-wrapper", "hint-text", "close-search", "result-item", "result-name"),
    *("result-label", "result-type", "result-url", "result-description"),
    *("cm-scroller", "cm-completionIcon"),
}


def named_by(template: str) -> list[str]:
    """The sheets that a template asks for, in order and without llm-tools-."""
    lists = re.findall(r"\bsheets = (\([^%]*\)) %}", template)
    links = re.findall(r"static\('llm-tools-([\w-]+)\.css'", template)
    return re.findall(r"'([\w-]+)'", " ".join(lists)) + links


def without_comments(css: str) -> str:
    return re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)


@pytest.mark.parametrize("name", [each for each in TEMPLATES if named_by(TEMPLATES[each])])
def test_a_template_names_sheets_that_are_there(name: str) -> None:
    named = named_by(TEMPLATES[name])
    assert [each for each in named if f"llm-tools-{each}" not in SHEETS] == []
    assert len(set(named)) == len(named)


def test_every_sheet_is_named() -> None:
    named = {f"llm-tools-{sheet}" for text in TEMPLATES.values() for sheet in named_by(text)}
    assert set(SHEETS) - named - EXPORTED == {"llm-tools"}


@pytest.mark.parametrize("sheet", SHEETS)
def test_every_class_is_given_to_something(sheet: str) -> None:
    sources = [*TEMPLATES.values()]
    sources += [path.read_text("utf-8") for path in (ROOT / "static").glob("*.js")]
    sources += [path.read_text("utf-8") for path in (ROOT / "datasette_llm_tools").rglob("*.py")]
    text = "\n".join(sources)
    words = set(re.findall(r"[A-Za-z][\w-]*\w", text))
    # A class whose end is a value: "pill-{{ status }}", `chart-${mark}`, "n" and a number.
    begun = set(re.findall(r"([a-z][a-z-]*-)(?=\{\{|\{|\$\{|[\"'] ?[~+])", text))
    rules = re.sub(r"\{[^{}]*\}", "{}", without_comments(SHEETS[sheet]))
    classes = set(re.findall(r"\.([A-Za-z][\w-]*)", rules)) - words - DATASETTE
    unknown = {each for each in classes if not re.fullmatch(r"n\d+", each)}
    assert {each for each in unknown if not each.startswith(tuple(begun))} == set()


def test_colours_have_names() -> None:
    """Outside the sheet that names them, only what has no theme has a colour of its own."""
    bare = {
        name: re.findall(r"#[0-9a-fA-F]{3,8}\b", without_comments(css))
        for name, css in SHEETS.items()
        if name not in EXPORTED | {"llm-tools"}
    }
    # The home page and frames are not ours to theme; charts' pictures and Datasette's editor are
    # made for white.
    white = {"llm-tools-exploration": 1, "llm-tools-result": 2}
    other = {"llm-tools-pins": 2, "llm-tools-widget": 2}
    assert {name: len(each) for name, each in bare.items() if each} == white | other
