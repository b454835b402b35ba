"""What the scripted model writes when it is asked for a widget over demo.db."""

from __future__ import annotations

import re

QUERIES = """\
```query months(airline text = 'UA')
SELECT substr(date, 1, 7) AS month, count(*) AS flights, round(avg(departure_delay), 1) AS delay
FROM flights WHERE carrier = :airline GROUP BY month ORDER BY month
```
```query airlines
SELECT carrier, name FROM airlines ORDER BY name
```
"""
HTML = """\
<!doctype html>
<html lang="en">
<head>
<title>Delays by month</title>
<style>
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { margin: 0; padding: 16px; color: CanvasText; background: Canvas; }
h1 { margin: 0 0 8px; font-size: 1.3em; }
.row { display: grid; grid-template-columns: 5em 1fr 4em; gap: 8px; margin: 6px 0; }
.bar { height: 18px; border-radius: 3px; background: steelblue; }
</style>
</head>
<body>
<h1>Delays by month</h1>
<label>Airline <select id="airline"></select></label>
<p id="note" role="status">Loading…</p>
<div id="bars"></div>
<script>
const airline = document.getElementById("airline");
const note = document.getElementById("note");
const bars = document.getElementById("bars");

async function draw() {
  const rows = await datasette.rows("months", { airline: airline.value });
  const most = Math.max(...rows.map((row) => row.delay), 1);
  note.textContent = rows.length ? `${rows.length} months, mean delay in minutes` : "No flights.";
  bars.replaceChildren(...rows.map((row) => {
    const line = document.createElement("div");
    line.className = "row";
    const bar = document.createElement("div");
    bar.className = "bar";
    bar.style.width = `${Math.max(0, row.delay / most) * 100}%`;
    line.append(row.month, bar, String(row.delay));
    return line;
  }));
}

async function start() {
  for (const row of await datasette.rows("airlines")) {
    airline.add(new Option(row.name, row.carrier));
  }
  airline.value = "UA";
  airline.addEventListener("change", draw);
  await draw();
}
start();
</script>
</body>
</html>
"""
RED = """\
<<<<<<< SEARCH
.bar { height: 18px; border-radius: 3px; background: steelblue; }
=======
.bar { height: 18px; border-radius: 3px; background: firebrick; }
>>>>>>> REPLACE
"""
MENDED = """\
<<<<<<< SEARCH
missingFunction();
=======
start();
>>>>>>> REPLACE
"""
STILL_BROKEN = """\
<<<<<<< SEARCH
start();
=======
missingFunction();
>>>>>>> REPLACE
"""


def widget_reply(turn: str) -> str | list[str] | None:
    """The reply to a prompt for a widget; None where it is about something else."""
    if "this went wrong" in turn:
        return pieces(MENDED)
    change = re.search("Change wanted: (.*)", turn)
    if change:
        return pieces(STILL_BROKEN if "break" in change[1] else RED)
    wanted = re.search("Widget wanted: (.*)", turn)
    return None if wanted is None else new_widget(wanted[1])


def new_widget(wish: str) -> str | list[str]:
    """A whole reply, or one that is broken as the wish says."""
    title = "Title: Delays by month\n"
    if "chatty" in wish:
        return "I would rather talk about the weather."
    if "half" in wish:
        return pieces(title + QUERIES + "```html\n" + HTML[:900])
    html = HTML.replace("\nstart();\n", "\nmissingFunction();\n") if "broken" in wish else HTML
    if "slow" in wish:
        begun = html[: html.index("<script>")]
        return [*pieces(f"{title}{QUERIES}```html\n{begun}"), *["<!-- thinking -->"] * 2000]
    return pieces(f"{title}{QUERIES}```html\n{html}```\n")


def pieces(text: str) -> list[str]:
    return re.findall(r".{1,12}", text, re.DOTALL)
