"""Pictures of charts: what they hold, and that drawing one reaches for nothing."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from datasette_llm_tools.errors import BadInput, LimitReached, NotInstalled
from datasette_llm_tools.widgets.exporting import pictures
from datasette_llm_tools.widgets.exporting.picture_theme import themed
from datasette_llm_tools.widgets.exporting.pictures import picture, refuse_addresses
from tests.overheard import collector

BARS = {
    "data": {"name": "rows"},
    "mark": "bar",
    "width": "container",
    "encoding": {
        "x": {"field": "city", "type": "nominal"},
        "y": {"field": "sales", "type": "quantitative"},
    },
}
FIELDS = ("city", "sales")
ROWS = (("Graz", 3), ("<script>x</script>", 5), ("none", float("inf")), (b"\x00\x01", 4))
ANSWER = b'[{"city": "Linz", "sales": 1}]'
WORKER = Path(pictures.__file__).with_name("picture_worker.py")


def drawn_by_worker(spec: dict[str, Any], kind: str) -> subprocess.CompletedProcess[bytes]:
    """What the converter's process makes of a spec that was not looked at before."""
    request = {"spec": spec, "type": kind, "scale": 1, "memory_bytes": 1_500_000_000}
    return subprocess.run(
        [sys.executable, str(WORKER)],
        check=False,
        input=json.dumps(request).encode(),
        capture_output=True,
        timeout=60,
    )


@pytest.mark.asyncio
async def test_an_svg_has_marks_title_and_notes_and_escapes_what_rows_hold() -> None:
    drawn = await picture(
        BARS, FIELDS, ROWS, "svg", title="Sales & more", notes=["Only the first 4 of 9 rows."]
    )
    text = drawn.decode()
    assert text.startswith("<svg")
    assert text.count('aria-roledescription="bar"') == 3  # infinity has no bar
    assert "Sales &amp; more" in text and "Only the first 4 of 9 rows." in text
    assert "<script" not in text and "&lt;script" in text
    assert "&lt;2 bytes&gt;" in text


@pytest.mark.asyncio
async def test_a_picture_has_the_colours_and_letters_of_the_page() -> None:
    drawn = (await picture(BARS, FIELDS, ROWS, "svg", title="Sales")).decode()
    assert 'fill="#276890"' in drawn and "4c78a8" not in drawn
    assert 'font-size="12px"' in drawn and 'font-size="10px"' not in drawn
    assert 'width="720"' in drawn
    untitled = (await picture(BARS, FIELDS, ROWS, "svg", notes=["Only 4 of 9 rows."])).decode()
    assert "Sales" not in untitled and "Only 4 of 9 rows." in untitled


@pytest.mark.parametrize(
    ("spec", "width", "height"),
    [
        ({}, 720, None),
        ({"width": "container", "height": 300}, 720, 300),
        ({"width": 640, "height": 400}, 720, 450),
        ({"width": 100, "height": {"step": 22}}, 130, {"step": 22}),
        ({"width": 0, "height": 5}, 720, 5),
        ({"width": 10**400, "height": 5}, 720, 5),
        ({"width": 640, "height": -1}, 720, -1),
    ],
)
def test_a_picture_is_as_wide_as_others(spec: dict[str, Any], width: Any, height: Any) -> None:
    sized = themed(spec)
    assert (sized["width"], sized.get("height")) == (width, height)


@pytest.mark.parametrize("encoding", [None, [], {"color": 3}, {"color": {"scale": "x"}}])
def test_what_is_no_encoding_stays_as_it_is(encoding: Any) -> None:
    assert themed({"encoding": encoding})["encoding"] == encoding


def test_a_scheme_gives_way_to_the_theme() -> None:
    color = {"field": "f2", "scale": {"scheme": "viridis", "type": "log"}}
    sized = themed({"encoding": {"x": {"field": "f0"}, "color": color}})
    assert sized["encoding"]["color"] == {"field": "f2", "scale": {"type": "log"}}
    assert sized["encoding"]["x"] == {"field": "f0"}


@pytest.mark.parametrize("text", ["\x0e", "a\x00b", "\ud800", "\uffff", "é\U0001f600"])
@pytest.mark.asyncio
async def test_any_text_can_be_drawn(text: str) -> None:
    spec = {**BARS, "encoding": {**BARS["encoding"], "color": {"field": "city", "title": text}}}  # type: ignore[dict-item]  # a dict
    drawn = await picture(spec, FIELDS, [(text, 3)], "svg", title=text, notes=[text])
    assert ElementTree.fromstring(drawn).tag.endswith("svg")
    shown = drawn.decode()
    assert (text if text == "é\U0001f600" else "\ufffd") in shown


@pytest.mark.asyncio
async def test_a_png_is_one_and_as_wide_as_said() -> None:
    drawn = await picture(BARS, FIELDS, ROWS[:1], "png")
    assert drawn.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(drawn[16:20], "big") == 720 * pictures._PNG_SCALE


@pytest.mark.parametrize(
    "spec",
    [
        {"data": {"url": "/etc/passwd"}, "mark": "bar"},
        {"layer": [{"mark": {"type": "image", "width": 5}}]},
        {"mark": "image"},
        {"mark": "point", "encoding": {"href": {"field": "city"}}},
        {"mark": "point", "encoding": {"url": {"field": "city"}}},
        {"transform": [{"lookup": "a", "from": {"data": {"url": "http://127.0.0.1/x.csv"}}}]},
    ],
    ids=json.dumps,
)
@pytest.mark.asyncio
async def test_a_spec_that_names_an_address_is_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="draws rows of a query only"):
        await picture(spec, FIELDS, ROWS, "svg")


def test_rows_and_columns_may_be_called_url() -> None:
    refuse_addresses({"mark": "bar", "encoding": {"x": {"field": "url", "title": "href"}}})


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_the_converter_asks_for_nothing_even_where_a_spec_got_through(kind: str) -> None:
    with collector(ANSWER) as (address, asked):
        image = {"type": "image", "url": f"{address}/image.png", "width": 9, "height": 9}
        linked = {"mark": "point", "encoding": {"href": {"value": f"{address}/link"}}}
        for spec in (
            {"data": {"url": f"{address}/rows.json"}, "mark": "point", "encoding": {}},
            {"data": {"values": [{}]}, "mark": image, "encoding": {}},
            {"data": {"values": [{}]}, **linked},
        ):
            done = drawn_by_worker(spec, kind)
            assert (done.returncode, done.stdout) == (2, b""), done.stderr
            assert b"not allowed" in done.stderr or b"holds the element" in done.stderr
        assert asked == []


@pytest.mark.asyncio
async def test_a_spec_that_is_none_is_an_error_with_a_sentence() -> None:
    with pytest.raises(BadInput, match="cannot become a picture"):
        await picture({"mark": "no such mark"}, FIELDS, ROWS, "svg")


@pytest.mark.asyncio
async def test_too_slow_and_too_large_are_errors_and_the_process_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pictures, "_SECONDS", 0.01)
    with pytest.raises(LimitReached, match="not finished"):
        await picture(BARS, FIELDS, ROWS, "svg")
    monkeypatch.undo()
    monkeypatch.setattr(pictures, "_MOST_BYTES", 100)
    with pytest.raises(LimitReached, match="more than 100 bytes"):
        await picture(BARS, FIELDS, ROWS, "svg")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds a process's memory so")
@pytest.mark.asyncio
async def test_too_much_memory_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_MEMORY_BYTES", 100_000_000)
    with pytest.raises(LimitReached, match="memory"):
        await picture(BARS, FIELDS, ROWS, "svg")


@pytest.mark.asyncio
async def test_whoever_leaves_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[subprocess.Popen[bytes]] = []
    has_begun = asyncio.Event()
    start = subprocess.Popen

    def starting(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        begun.append(start(*arguments, **options))
        has_begun.set()
        return begun[-1]

    monkeypatch.setattr(subprocess, "Popen", starting)
    drawing = asyncio.ensure_future(picture(BARS, FIELDS, ROWS, "svg"))
    await has_begun.wait()
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing
    assert await asyncio.to_thread(begun[0].wait, 20) != 0


@pytest.mark.asyncio
async def test_without_the_extra_the_error_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pictures, "can_draw", lambda: False)
    with pytest.raises(NotInstalled, match=r"pip install 'datasette-llm-tools\[pictures\]'"):
        await picture(BARS, FIELDS, ROWS, "svg")
