"""What docs/draw.md, docs/widgets.md and docs/api.md say is what the code has; commands run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest

from datasette_llm_tools.widgets import values
from datasette_llm_tools.widgets.charts import spec
from datasette_llm_tools.widgets.documents.query_blocks import read_queries
from datasette_llm_tools.widgets.exporting import exports, snapshots
from datasette_llm_tools.widgets.sandbox import frames, refusals
from datasette_llm_tools.widgets.sandbox.libraries import LIBRARIES
from tests.docs.documents import ROOT, blocks, first_cells, section, text_of
from tests.docs.shells import Shell, opened_shell
from tests.sites import BOB, Site, make_site
from tests.widget_exports import BARS, SALES, export_url, kept_chart, kept_document

DRAW, WIDGETS, API = "docs/draw.md", "docs/widgets.md", "docs/api.md"


def code(text: str) -> set[str]:
    """What stands in backticks, outside fenced blocks."""
    return set(re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)))


def row_of(text: str, name: str) -> str:
    """The row of a table whose first cell has the name."""
    (found,) = [
        line
        for line in text.splitlines()
        if line.startswith("|") and f"`{name}`" in line.split("|")[1]
    ]
    return found


def test_every_key_of_a_spec_is_documented_with_its_values() -> None:
    table = section(DRAW, "The spec")
    assert first_cells(table) == {each.name for each in fields(spec.ChartSpec)}
    for name, values_of in (
        ("mark", spec.MARKS),
        ("aggregate", spec.AGGREGATES),
        ("x_unit", spec.UNITS),
        ("stack", spec.STACKS),
        ("scale", spec.SCALES),
        ("sort", spec.SORTS),
    ):
        assert set(values_of) <= code(row_of(table, name)), name
    assert {each.name for each in fields(spec.Filter)} <= code(row_of(table, "filters"))
    assert set(spec.COMPARISONS) <= code(table)


def test_every_library_and_type_of_parameter_is_documented() -> None:
    said = section(WIDGETS, "What a widget can do")
    assert first_cells(said.split("| name | library |")[1]) == set(LIBRARIES)
    assert set(get_args(values.ParameterType)) <= code(said)
    (block,) = blocks(said, "query")
    (query,) = read_queries(f"```query {block.strip()}\nselect :origin, :month\n```")
    assert [each.name for each in query.parameters] == ["origin", "month"]
    assert (query.parameters[1].minimum, query.parameters[1].maximum) == (1, 12)


def test_the_datasette_object_is_documented() -> None:
    bridge = (ROOT / "static/widget-bridge.js").read_text("utf-8")
    given = set(re.findall(r'(?:fix|defineProperty)\(datasette, "(\w+)"', bridge))
    given |= set(
        re.findall(r"datasette\.(\w+) = ", (ROOT / "static/widget-vega.js").read_text("utf-8"))
    )
    table = section(WIDGETS, "What a widget can do").split("| in the frame |")[1]
    documented = {re.split(r"\W", each)[1] for each in first_cells(table) if "." in each}
    assert documented == given
    port = (ROOT / "static/widget-port.js").read_text("utf-8")
    assert "asks more than 30\ntimes at once" in text_of(WIDGETS) and "MOST = 30;" in port


def test_figures_of_widgets_are_those_of_the_code() -> None:
    assert f"At most {snapshots._MOST_RESULTS} of these" in text_of(WIDGETS)
    host = (ROOT / "static/widget-host.js").read_text("utf-8")
    for said in ("MOST_AT_ONCE = 40;", "MOST_EACH_SECOND = 10;", "MOST_UNDER_WAY = 2;"):
        assert said in host
    assert "MISSED_PINGS = 4;" in host and "PING_MS = 1000;" in host
    security = " ".join(section("docs/security.md", "Widgets").split())
    assert "More than 40 messages at once and 10 a second, or more than two requests" in security
    assert "four seconds" in security
    assert frames.EXPIRES_SECONDS == 60 and "within a minute" in security
    assert frames.HEADERS["Connection-Allowlist"] == "()"
    assert "`Connection-Allowlist: ()`" in security


def test_refused_elements_that_are_named_are_refused() -> None:
    said = section(WIDGETS, "What a widget can do").split("A document may not hold")[1]
    named = set(re.findall(r"`<(\w+)>`", said))
    assert named == {"base", "link"}
    assert named <= set(refusals.ELEMENTS)


def test_every_format_of_a_file_is_documented() -> None:
    table = section(WIDGETS, "Export")
    said = re.findall(r"^\| ([A-Z, ]+) \|", table, re.M)
    assert {each.lower() for line in said for each in line.split(", ")} == set(exports.MEDIA_TYPES)


def test_what_is_to_be_pressed_is_on_a_page() -> None:
    prose = "\n".join(
        re.sub(r"^- \*\*.+?\*\*", "", text_of(each), flags=re.M) for each in (DRAW, WIDGETS)
    )
    pressed = {" ".join(each.split()) for each in re.findall(r"\*\*(.+?)\*\*", prose, re.S)}
    sources = [path.read_text("utf-8") for path in (ROOT / "templates/llm_tools").glob("*.html")]
    sources += [path.read_text("utf-8") for path in (ROOT / "static").glob("*.js")]
    sources.append((ROOT / "datasette_llm_tools/widgets/links.py").read_text("utf-8"))
    pages = " ".join(re.sub(r"<[^>]+>", "", "\n".join(sources)).split())
    assert len(pressed) > 20
    assert {each for each in pressed if each not in pages} == set()


# JSON: what a site answers, and what the documents name.


async def posted(site: Site, path: str, **value: Any) -> dict[str, Any]:
    answer = await site.datasette.client.post(path, actor={"id": "alice"}, json=value)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


WIDGET = """Title: Sales
```query sales
select item from sale
```
```html
<!doctype html><h1>Sales</h1>
```
"""


def reply(prompt: str) -> str:
    if "Bars" in prompt:
        return '{"mark": "bar", "x": "item", "y": "sales"}'
    return WIDGET


def keys(*found: dict[str, Any]) -> set[str]:
    return {key for each in found for key in each} - {"ok"}


@pytest.mark.asyncio
async def test_keys_of_charts_are_documented(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        base = "/-/widgets/shops/-/chart"
        drawn = await posted(site, f"{base}.json", sql=SALES)
        suggested = (await site.get(f"{base}.json?table=sale")).json()
        prompted = await posted(site, f"{base}/prompt", sql=SALES, spec=BARS, prompt="Bars")
        saved = await posted(site, f"{base}/save", sql=SALES, spec=BARS, title="Sales")
        again = await posted(
            site, f"{base}/save", sql=SALES, spec=BARS, widget=saved["widget"], parent=1
        )
        warmed = await posted(site, f"{base}/warm", sql=SALES)
    said = section(API, "Draw a chart")
    listed = first_cells(said.split("A chart has these keys")[1])
    assert keys(drawn) == keys(suggested) == listed
    assert keys(drawn["behind"], drawn["columns"][0], prompted, prompted["usage"]) <= code(said)
    assert keys(saved, again, warmed) <= code(said)


@pytest.mark.asyncio
async def test_keys_of_widgets_are_documented(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        home = (await site.get("/-/widgets.json")).json()
        database = (await site.get("/-/widgets/shops.json")).json()
        made = await posted(site, "/-/widgets/shops.json", prompt="Sales")
        two = await posted(site, "/-/widgets/shops.json", prompt="Sales", models=[None, None])
        url = f"/-/widgets/shops/{made['id']}"
        one = (await site.get(f"{url}.json")).json()
        edited = await posted(site, f"{url}/-/edit.json", source="<p>1</p>", parent=1)
        compared = (await site.get(f"{url}/-/compare.json?left=1&right=2")).json()
        frame = await posted(site, f"{url}/2/-/run")
        rows = await posted(site, f"{url}/2/-/rows", query="sales")
        renamed = await posted(site, f"{url}/-/rename.json", title="Sold")
        pair = f"/-/widgets/shops/{two['id']}"
        voted = await posted(
            site, f"{pair}/-/vote.json", left=two["left"], right=two["right"], choice="tie"
        )
        deleted = await posted(site, f"{url}/-/delete.json")
    making = code(section(API, "Make a widget"))
    assert keys(home, database, made, one["widget"], two) <= making | code(section(API, "Change"))
    of_one = section(API, "One widget")
    versions = {name for row in re.findall(r"^\| (`.+?) \|", of_one, re.M) for name in code(row)}
    assert keys(one["revision"]) == versions
    assert keys(one) | set(one["revision"]["tokens"]) - {"input", "output"} <= code(of_one)
    change = code(section(API, "Change"))
    assert keys(edited, compared, voted, deleted) | set(renamed) - {"ok"} <= change | code(of_one)
    frames_said = code(section(API, "Frames"))
    assert keys(frame, rows) <= frames_said


@pytest.mark.asyncio
async def test_keys_of_the_json_file_are_documented(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        for widget in (await kept_chart(site), await kept_document(site, shared=True)):
            for actor in ({"id": "alice"}, *([BOB] if widget.shared else [])):
                found = (await site.get(export_url(widget, ".json"), actor)).json()
                assert keys(found) <= code(section(API, "Files"))


def test_every_event_of_a_widget_is_documented_with_its_data() -> None:
    source = (ROOT / "datasette_llm_tools/widgets/widget_stream.py").read_text("utf-8")
    table = section(API, "Events of a widget")
    sent = set(re.findall(r'yield\s+\(?\s*"(\w+)",', source))
    assert sent == first_cells(table)
    for name, data in re.findall(r'yield\s+\(?\s*"(\w+)",\s*\{(.+?)\}', source, re.S):
        for key in re.findall(r'"(\w+)":', data):
            assert f"`{key}`" in row_of(table, name), (name, key)


# Commands, in their order.


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with opened_shell(tmp_path_factory.mktemp("draw")) as found:
        yield found


def test_the_commands_that_draw_run(shell: Shell) -> None:
    printing, with_prompt = blocks(section(DRAW, "On the command line"), "bash")
    told, svg, html = (shell.run(each) for each in printing.splitlines())
    assert told.returncode == svg.returncode == html.returncode == 0, svg.stderr + html.stderr
    assert told.stdout and not svg.stdout
    prompted = shell.run(with_prompt.strip())
    assert prompted.returncode == 0, prompted.stderr
    for name, start in (("delays.svg", "<svg"), ("months.svg", "<svg"), ("flights.html", "<!DOC")):
        assert (shell.folder / name).read_text(encoding="utf-8").startswith(start)


def test_the_commands_of_widgets_run_in_their_order(shell: Shell) -> None:
    making, others = blocks(section(WIDGETS, "On the command line"), "bash")
    creating, listing = making.splitlines()
    created = shell.run(creating)
    assert created.returncode == 0, created.stderr
    assert (shell.folder / "carriers.html").is_file()
    widget = created.stdout.split()[0]
    assert widget in shell.run(listing).stdout
    shown, revised, exported = (
        shell.run(each.replace(" ID ", f" {widget[:8]} ")) for each in others.splitlines()
    )
    assert shown.returncode == revised.returncode == exported.returncode == 0, revised.stderr
    assert "version 2" in revised.stdout
    assert "<h1>Red</h1>" in (shell.folder / "carriers.html").read_text("utf-8").replace(
        "\\u003c", "<"
    ).replace("\\u003e", ">")


def test_every_module_of_widgets_has_its_part() -> None:
    package = ROOT / "datasette_llm_tools/widgets"
    modules = {path.stem for path in package.rglob("*.py")} - {"__init__"}
    folders = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    table = section("docs/design.md", "What is in a feature").split("| part of")[2].split("\n\n")[0]
    drawn = re.findall(r"`(\w+/?)`", table)
    assert sorted(set(drawn) - {"widgets/"}) == sorted(modules | folders)
