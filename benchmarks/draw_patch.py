"""What a change of 20 lines to a widget of 500 lines costs beside writing the widget anew.

A scripted model writes what a model would: blocks with the lines that change, or the whole
document. Both go through the real code on demo.db and must give the same document.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from datasette.app import Datasette
from findings import Finding, note
from serving import ROOT
from tokens import Count, counter

from datasette_llm_tools.widgets.documents import generating
from datasette_llm_tools.widgets.documents.events import Finished
from datasette_llm_tools.widgets.documents.generating import Wish
from datasette_llm_tools.widgets.values import Draft, NamedQuery, Origin, Revision

sys.path.insert(0, str(ROOT))
from tests.scripted_model import ScriptedModel, registered

ACTOR = {"id": "benchmark"}
QUERY = NamedQuery("airlines", "SELECT code, name FROM airlines ORDER BY name")
PANELS = (
    "Departures",
    "Arrivals",
    "Delays",
    "Distances",
    "Aircraft",
    "Months",
    "Weekdays",
    "Routes",
)
MOST_SHARE = 0.1

_HEAD = """\
<!doctype html>
<html lang="en">
<head>
<title>Flights at a glance</title>
<style>
:root { color-scheme: light dark; font: 14px/1.4 system-ui, sans-serif; }
body { margin: 0; color: CanvasText; background: Canvas; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(320px, 1fr)); gap: 1em; }
"""
_PANEL_STYLE = """\
.%(low)s { border: 1px solid GrayText; border-radius: 4px; padding: 0.5em; }
.%(low)s h2 { margin: 0 0 0.5em; font-size: 1.1em; }
.%(low)s svg { width: 100%%; height: 220px; }
.%(low)s rect { fill: light-dark(#3366aa, #88aadd); }
.%(low)s rect:hover { fill: light-dark(#224477, #aaccee); }
.%(low)s text { font-size: 11px; fill: currentColor; }
"""
_PANEL_BODY = """\
<section class="%(low)s" aria-labelledby="%(low)s-title">
<h2 id="%(low)s-title">%(name)s</h2>
<label for="%(low)s-airline">Airline</label>
<select id="%(low)s-airline"></select>
<svg id="%(low)s-chart" role="img" aria-label="%(name)s by airline" viewBox="0 0 400 220"></svg>
<p id="%(low)s-note" role="status">Loading %(low)s…</p>
<details><summary>%(name)s as a table</summary><table id="%(low)s-table"></table></details>
</section>
"""
_PANEL_CODE = """\

async function draw%(name)s() {
  const chart = document.getElementById("%(low)s-chart");
  const note = document.getElementById("%(low)s-note");
  const chosen = document.getElementById("%(low)s-airline").value;
  const rows = await datasette.rows("airlines");
  const shown = chosen ? rows.filter((row) => row.code === chosen) : rows;
  const most = Math.max(1, ...shown.map((row) => row.name.length));
  const step = 400 / Math.max(1, shown.length);
  chart.replaceChildren();
  for (const [place, row] of shown.entries()) {
    const bar = document.createElementNS(chart.namespaceURI, "rect");
    const height = (200 * row.name.length) / most;
    bar.setAttribute("x", place * step + 1);
    bar.setAttribute("y", 200 - height);
    bar.setAttribute("width", Math.max(1, step - 2));
    bar.setAttribute("height", height);
    const label = document.createElementNS(chart.namespaceURI, "text");
    label.setAttribute("x", place * step + step / 2);
    label.setAttribute("y", 214);
    label.textContent = row.code;
    chart.append(bar, label);
  }
  note.textContent = rows.truncated
    ? `Only the first ${rows.length.toLocaleString()} airlines.`
    : `${shown.length.toLocaleString()} airlines in %(low)s.`;
  const table = document.getElementById("%(low)s-table");
  table.replaceChildren();
  for (const row of shown) {
    const line = table.insertRow();
    line.insertCell().textContent = row.code;
    line.insertCell().textContent = row.name;
    line.insertCell().textContent = row.name.length.toLocaleString();
  }
}

async function fill%(name)s() {
  const select = document.getElementById("%(low)s-airline");
  select.add(new Option("All airlines", ""));
  for (const row of await datasette.rows("airlines")) {
    select.add(new Option(row.name, row.code));
  }
  select.addEventListener("change", draw%(name)s);
  await draw%(name)s();
}
"""

# Lines that go, and what comes in their place: 20 lines are new or other than before.
_CHANGES = (
    (
        """\
.delays rect { fill: light-dark(#3366aa, #88aadd); }
.delays rect:hover { fill: light-dark(#224477, #aaccee); }""",
        """\
.delays rect { fill: light-dark(#aa4433, #dd9988); }
.delays rect:hover { fill: light-dark(#772211, #eebbaa); }
.delays .rule { stroke: GrayText; stroke-dasharray: 3 3; }""",
    ),
    (
        '<select id="delays-airline"></select>',
        """\
<select id="delays-airline"></select>
<label for="delays-least">At least</label>
<input id="delays-least" type="number" min="0" value="0" step="1">""",
    ),
    (
        """\
  const chosen = document.getElementById("delays-airline").value;
  const rows = await datasette.rows("airlines");
  const shown = chosen ? rows.filter((row) => row.code === chosen) : rows;""",
        """\
  const chosen = document.getElementById("delays-airline").value;
  const least = Number(document.getElementById("delays-least").value);
  const rows = (await datasette.rows("airlines")).filter((row) => row.name.length >= least);
  const shown = chosen ? rows.filter((row) => row.code === chosen) : rows;""",
    ),
    (
        "    : `${shown.length.toLocaleString()} airlines in delays.`;",
        """\
    : `${shown.length.toLocaleString()} airlines, each delayed by ${least} or more.`;
  const rule = document.createElementNS(chart.namespaceURI, "line");
  rule.setAttribute("class", "rule");
  rule.setAttribute("x2", 400);
  rule.setAttribute("y1", 200 - (200 * least) / most);
  rule.setAttribute("y2", 200 - (200 * least) / most);
  chart.append(rule);""",
    ),
    (
        '  const table = document.getElementById("delays-table");',
        """\
  const table = document.getElementById("delays-table");
  const heads = document.createElement("tr");
  for (const head of ["Code", "Airline", "Delay"]) {
    const cell = heads.appendChild(document.createElement("th"));
    cell.scope = "col";
    cell.textContent = head;
  }""",
    ),
)


def document() -> str:
    """A widget of about 500 lines."""
    names = [{"name": name, "low": name.lower()} for name in PANELS]
    parts = [
        _HEAD,
        *(_PANEL_STYLE % each for each in names),
        '</style>\n</head>\n<body>\n<h1>Flights at a glance</h1>\n<div class="panels">\n',
        *(_PANEL_BODY % each for each in names),
        "</div>\n<script>",
        *(_PANEL_CODE % each for each in names),
        "\n",
        *(f"fill{name}();\n" for name in PANELS),
        "</script>\n</body>\n</html>\n",
    ]
    return "".join(parts)


def changed(source: str) -> str:
    for search, replace in _CHANGES:
        assert source.count(search) == 1, search
        source = source.replace(search, replace)
    return source


def blocks() -> str:
    """The change as the instructions ask for it."""
    return "".join(
        f"<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n"
        for search, replace in _CHANGES
    )


def new_lines() -> int:
    return sum(
        line not in search.split("\n")
        for search, replace in _CHANGES
        for line in replace.split("\n")
    )


async def made_by(reply: str, source: str) -> str:
    """The source after a wish that the model answers so."""
    base = Revision("0" * 24, 1, None, Draft(Origin.CREATED, source, (QUERY,)), "benchmark", "")
    model = ScriptedModel(lambda prompt: reply)
    with registered(model):
        datasette = Datasette(
            [str(ROOT / "demo.db")],
            config={"plugins": {"datasette-llm-tools": {"model": "scripted"}}},
        )
        await datasette.invoke_startup()
        try:
            wish = Wish("Show only long delays, in red", base=base)
            async for event in generating.events(datasette, ACTOR, "demo", wish):
                if isinstance(event, Finished):
                    last = event
        finally:
            await datasette.invoke_shutdown()
    if last.draft is None or last.error:
        raise RuntimeError(last.error or "nothing came")
    if len(model.prompts) != 1:
        raise RuntimeError("The model was asked more than once.")
    return last.draft.source


def tokens_of(count: Count, reply: str) -> int:
    """Tokens of a reply, without what the chat template puts around it."""

    def counted(text: str) -> int:
        return count({"messages": [{"role": "assistant", "content": text}], "tools": []})

    return counted(reply) - counted("")


def measure(folder: Path) -> list[Finding]:
    source = document()
    wanted = changed(source)
    whole = f"```html\n{wanted}```"
    if not asyncio.run(made_by(blocks(), source)) == asyncio.run(made_by(whole, source)) == wanted:
        raise RuntimeError("The patch and the rewrite give different documents.")
    with counter() as (count, how):
        patch, rewrite = tokens_of(count, blocks()), tokens_of(count, whole)
    note(f"  {how}; {new_lines()} lines of {source.count(chr(10))} are new or other than before")
    share = patch / rewrite
    return [
        Finding(
            f"output tokens of a patch of {new_lines()} lines, of those of a rewrite",
            f"<= {MOST_SHARE:.0%}",
            f"{share:.1%} ({patch:,} of {rewrite:,})",
            share <= MOST_SHARE,
        )
    ]
