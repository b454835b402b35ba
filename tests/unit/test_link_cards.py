"""The picture for links as SVG: a chart within, any text around."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasette_llm_tools.explorations.embedding.cards import HEIGHT, WIDTH, card_svg
from datasette_llm_tools.widgets.exporting.pictures import drawable

SVG = "{http://www.w3.org/2000/svg}"
CHART = (
    '<svg class="marks" width="752" height="432" viewBox="0 0 752 432" version="1.1" '
    'xmlns="http://www.w3.org/2000/svg"><rect width="7" height="7"/></svg>'
)


def texts(svg: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(svg).iter(f"{SVG}text")]


@given(st.text(max_size=400), st.text(max_size=900))
def test_any_text_makes_a_card(title: str, summary: str) -> None:
    root = ElementTree.fromstring(str(drawable(card_svg(title, "By ada", summary))))
    assert (root.get("width"), root.get("height")) == (str(WIDTH), str(HEIGHT))
    assert {each.tag for each in root} == {f"{SVG}rect", f"{SVG}text"}
    assert all(0 < float(each.get("y", 0)) < HEIGHT for each in root.iter(f"{SVG}text"))


@pytest.mark.parametrize("chart", [None, CHART])
def test_what_is_too_long_ends_with_an_ellipsis(chart: str | None) -> None:
    said = texts(card_svg("word " * 100, "", "more " * 300, chart))
    assert len(said) == (7 if chart is None else 1)
    assert said[-1].endswith("…")


def test_a_chart_has_the_place_below_the_title() -> None:
    root = ElementTree.fromstring(card_svg("Sales", "By ada", "unseen", CHART))
    (chart,) = root.iter(f"{SVG}svg") if root.tag != f"{SVG}svg" else root.findall(f"{SVG}svg")
    assert chart.get("viewBox") == "0 0 752 432"
    assert float(chart.get("y", 0)) + float(chart.get("height", 0)) < HEIGHT
    assert [each.text for each in root.findall(f"{SVG}text")] == ["Sales", "By ada"]


def test_what_is_no_picture_is_left_out() -> None:
    assert "unexpected" not in card_svg("Sales", "", "", "<div>unexpected</div>")
