"""What a widget that means well gets in its frame: rows, libraries, theme, size, and its errors."""

from __future__ import annotations

import pytest
from conftest import Visit, Visiting
from playwright.async_api import FrameLocator, expect
from widget_lab_page import lab, messages, open_widget, said, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

AIR = ("air", "select carrier, name from airlines order by 1", [])


def inside(visited: Visit) -> FrameLocator:
    return visited.page.frame_locator("llm-tools-widget iframe")


async def test_rows_pages_and_parameters(visit: Visiting) -> None:
    most = ("most", "select carrier from airlines order by 1 limit :n", [["n", "integer", 2]])
    page = await open_widget(
        visit,
        """<p id=out></p><script>
        (async () => {
          const all = await datasette.rows("air");
          const few = await datasette.rows("most", {n: "3"}, {page: 1});
          const wrong = await datasette.rows("most", {n: "x"}).catch((error) => error.message);
          document.getElementById("out").textContent = JSON.stringify([all[0], all.length,
            all.columns, all.truncated, all.next, few.map((each) => each.carrier), wrong]);
        })();
        </script>""",
        [AIR, most],
    )
    page.watch.expect("status of 400")
    await expect(inside(page).locator("#out")).to_have_text(
        '[{"carrier":"9E","name":"Endeavor Air Inc."},16,["carrier","name"],false,null,'
        '["AA","AS"],"The parameter n of the query most must be a whole number, not \'x\'."]'
    )


async def test_the_libraries_draw(visit: Visiting) -> None:
    page = await open_widget(
        visit,
        """<script src="lib:vega-lite"></script><script src="lib:plot"></script>
        <script src="lib:leaflet"></script>
        <div id=vega></div><div id=plot></div><div id=map style="height: 100px"></div><script>
        document.body.dataset.waits = document.querySelectorAll("script[data-held]").length;
        datasette.rows("air").then(async (rows) => {
          document.body.dataset.version = vegaLite.version + " " + vega.version;
          const x = {field: "carrier"}, y = {aggregate: "count"};
          const transform = [{filter: "datum.carrier != 'AA'"}];
          for (let twice = 0; twice < 2; twice++)
            await datasette.vega("#vega", {mark: "bar", data: {values: rows}, transform,
              encoding: {x, y}});
          const dots = Plot.dot(rows, {x: "carrier", y: (each) => each.name.length});
          document.getElementById("plot").append(Plot.plot({marks: [dots]}));
          L.marker([47, 15]).addTo(L.map("map").setView([47, 15], 5));
          document.body.dataset.done = d3.sum([1, 2]);
        });
        </script>""",
        [AIR],
    )
    await expect(inside(page).locator("body[data-done='3']")).to_be_attached()
    await expect(inside(page).locator("body[data-waits='3']")).to_be_attached()
    await expect(inside(page).locator("body[data-version^='6.']")).to_be_attached()
    await expect(inside(page).locator("script[data-held]")).to_have_count(0)
    await expect(inside(page).locator("#vega canvas")).to_have_count(1)
    await expect(inside(page).locator("#plot circle")).to_have_count(16)
    await expect(inside(page).locator("#map .leaflet-marker-icon")).to_be_visible()
    assert await said(page, "error") == []


async def test_theme_and_size_follow(visit: Visiting) -> None:
    page = await open_widget(
        visit,
        """<style>body { margin: 0 }</style><p id=out style="height: 700px; margin: 0"></p><script>
        const show = () => document.getElementById("out").textContent = datasette.theme;
        datasette.addEventListener("theme", show); show();
        </script>""",
    )
    await expect(inside(page).locator("#out")).to_have_text("light")
    await page.page.emulate_media(color_scheme="dark")
    await expect(inside(page).locator("#out")).to_have_text("dark")
    await until(page, "document.querySelector('iframe').style.height === '700px'")


@pytest.mark.parametrize(
    ("body", "content", "height"),
    [
        ("", "height: 700px; margin: 0", 716),
        ("", "height: 700px; margin: 100px 0 50px", 850),
        ("margin: 0; padding: 20px", "height: 700px; margin: 0", 740),
    ],
    ids=["margins", "margins of the content", "padding"],
)
async def test_nothing_of_a_widget_is_cut_off(
    visit: Visiting, body: str, content: str, height: int
) -> None:
    page = await open_widget(
        visit, f"<style>body {{ {body} }}</style><p id=out style='{content}'>x</p>"
    )
    await until(page, f"document.querySelector('iframe').style.height === '{height}px'")


@pytest.mark.parametrize("margin", ["8px", "0; padding: 20px"])
async def test_a_widget_as_high_as_its_frame_does_not_grow_for_ever(
    visit: Visiting, margin: str
) -> None:
    page = await open_widget(
        visit, f"<style>body {{ margin: {margin}; min-height: 100vh }}</style><p>x</p>"
    )
    await page.page.wait_for_timeout(1500)
    first = await page.page.evaluate("document.querySelector('iframe').style.height")
    await page.page.wait_for_timeout(1000)
    assert await page.page.evaluate("document.querySelector('iframe').style.height") == first


@pytest.mark.parametrize(
    ("html", "kind", "message"),
    [
        (
            "<p>x</p><script>\n\nfunction go() { nosuch() }\ngo()</script>",
            "error",
            "ReferenceError: nosuch is not defined (script 1, line 3)",
        ),
        (
            "<p>x</p><script>1</script><script>Promise.reject(new TypeError('no'))</script>",
            "rejection",
            "TypeError: no (script 2, line 1)",
        ),
        ("<p>x</p><script>console.error('odd', 1)</script>", "console", "odd 1"),
        (
            "<p>x</p><script>fetch('/rows').catch(() => {})</script>",
            "refused",
            "connect-src does not allow",
        ),
        ("<div></div><script>1</script>", "blank", "Nothing is to be seen"),
        ("<p>x</p><script>alert(1)</script>", "error", "alert() is not there in a widget."),
    ],
)
async def test_errors_come_as_text(visit: Visiting, html: str, kind: str, message: str) -> None:
    page = await open_widget(visit, html)
    page.watch.expect("")
    assert message in (await messages(page))[0]
    assert (await said(page, "error"))[0]["kind"] == kind
    await expect(page.page.locator(".widget-errors li").first).to_contain_text(message)


async def test_nothing_is_answered_before_run(visit: Visiting) -> None:
    html = "<p id=out>waits</p><script>datasette.rows('air').then(() => out.remove())</script>"
    page = await open_widget(visit, html, [AIR], run=False)
    asked: list[str] = []
    page.page.on("request", lambda each: asked.append(each.url))
    await until(page, "said.ready.length > 0")
    await expect(page.page.get_by_text("It gets live data when you press Run.")).to_be_visible()
    async with page.page.expect_response("**/rows"):
        await page.page.get_by_role("button", name="Run", exact=True).click()
    await expect(inside(page).locator("#out")).to_have_count(0)
    paths = [url.rsplit("/", 1)[-1] for url in asked if "/1/-/" in url]
    assert paths == ["run", "rows"]


async def test_a_form_and_its_button_work(visit: Visiting) -> None:
    page = await open_widget(
        visit,
        """<form><input name=word required><button>Go</button></form><p id=out></p><script>
        document.querySelector("form").addEventListener("submit", (event) => {
          event.preventDefault();
          document.getElementById("out").textContent = new FormData(event.target).get("word");
        });
        </script>""",
    )
    await inside(page).locator("input").fill("tea")
    await inside(page).get_by_role("button").click()
    await expect(inside(page).locator("#out")).to_have_text("tea")


async def test_a_preview_has_no_run_and_takes_the_place_of_the_one_before(
    visit: Visiting,
) -> None:
    page = await lab(visit)
    for text in ("one", "two", "three"):
        await page.page.evaluate(
            """async (html) => {
              const headers = {"content-type": "application/json"};
              const body = JSON.stringify({html, checked: true});
              const response = await fetch("/-/lab/mint", {method: "POST", headers, body});
              const minted = {...await response.json(), approved: false, preview: true};
              document.querySelector("llm-tools-widget").show(minted);
            }""",
            f"<p id=out>{text}</p>",
        )
    await expect(page.page.locator("llm-tools-widget iframe")).to_have_count(1)
    await expect(inside(page).locator("#out")).to_have_text("three")
    assert not await page.page.get_by_role("button", name="Run", exact=True).count()
