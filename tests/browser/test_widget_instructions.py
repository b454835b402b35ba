"""What models are told of widgets is true: the example works, and so does each library."""

from __future__ import annotations

import pytest
from conftest import Visit, Visiting
from playwright.async_api import expect

from datasette_llm_tools.widgets.documents.document_replies import DocumentReply
from datasette_llm_tools.widgets.documents.instructions import INSTRUCTIONS

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# The example's queries, without its tables.
QUERIES = """\
```query months(city text = 'Graz')
SELECT '2024-01' AS month, 3.5 AS total WHERE :city = 'Graz'
```
```query cities
SELECT 'Graz' AS city
```
"""
LIBRARY = """\
<!doctype html>
<html lang="en">
<head><title>A library</title><script src="lib:{name}"></script></head>
<body>
<p id="note" role="status">Loading…</p>
<div id="there" style="height: 200px" role="img" aria-label="A drawing"></div>
<script>
const there = document.getElementById("there");
datasette.rows("months").then(async (rows) => {{
  {code}
  document.getElementById("note").textContent = `${{rows.length}} months.`;
}});
</script>
</body>
</html>
"""
SAVED = """\
async ([source, queries]) => {
  const post = async (url, body) => (await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(body),
  })).json();
  const made = await post("/-/widgets/demo", { prompt: "Delays by month" });
  const saved = await post(`/-/widgets/demo/${made.id}/-/edit`, { source, queries, parent: 1 });
  if (!saved.ok) throw new Error(saved.error);
  return `/-/widgets/demo/${made.id}`;
}
"""


def example() -> str:
    reader = DocumentReply()
    reader.feed(INSTRUCTIONS[INSTRUCTIONS.index("Title: ") :])
    reader.end()
    return reader.source


async def run(visit: Visiting, source: str) -> Visit:
    """A page on which a widget of this source was saved and Run was pressed."""
    there = await visit("/-/widgets/demo")
    await there.goto(await there.page.evaluate(SAVED, [source, QUERIES]))
    await there.page.get_by_role("button", name="Run").click()
    note = there.page.locator("iframe").last.content_frame.locator("#note")
    await expect(note).to_have_text("1 months.")
    return there


async def test_the_example_works_as_it_is(visit: Visiting) -> None:
    there = await run(visit, example())
    frame = there.page.locator("iframe").last.content_frame
    await expect(frame.locator("#chart canvas")).to_be_visible()
    await expect(frame.get_by_label("City")).to_have_value("Graz")


@pytest.mark.parametrize(
    ("name", "code", "drawn"),
    [
        ("d3", 'd3.select(there).append("svg").append("circle").attr("r", 5);', "svg circle"),
        (
            "plot",
            "there.append(Plot.plot({ marks: [Plot.dot(rows, { x: 'total', y: 'total' })] }));",
            "svg circle",
        ),
        (
            "leaflet",
            "const map = L.map(there, { attributionControl: false }).setView([47, 15], 5);\n"
            "  L.circleMarker([47, 15]).addTo(map);",
            "path.leaflet-interactive",
        ),
    ],
)
async def test_each_library_draws(visit: Visiting, name: str, code: str, drawn: str) -> None:
    there = await run(visit, LIBRARY.format(name=name, code=code))
    await expect(
        there.page.locator("iframe").last.content_frame.locator(drawn).first
    ).to_be_visible()
