"""Changes to a document go where they belong, all of them, or nowhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasette_llm_tools.widgets.documents.patches import Patch, PatchFailed, patched

SOURCE = """\
<!doctype html>
<style>
  body { margin: 0; color: black; }
</style>
<p id="note">Loading…</p>
<script>
  async function draw() {
    const rows = await datasette.rows("months", { city: city.value });
    note.textContent = `${rows.length} months.`;
  }

  async function start() {
    for (const row of await datasette.rows("cities")) city.add(new Option(row.city));
    await draw();
  }
  start();
</script>
"""

LINES = st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"))), max_size=30)


@pytest.mark.parametrize(
    ("patch", "gone", "there"),
    [
        # exactly
        (Patch("  body { margin: 0; color: black; }", "  body { margin: 1em; }"), "black", "1em"),
        # part of a line
        (Patch("color: black", "color: CanvasText"), "color: black", "0; color: CanvasText; }"),
        # other white space, and the place's own indentation
        (
            Patch(
                "async function draw() {\n  const rows = await datasette.rows("
                '"months", { city: city.value });',
                "async function draw(more) {\n  const rows = [];",
            ),
            "draw() {",
            "  async function draw(more) {\n    const rows = [];\n    note",
        ),
        (
            Patch("note.textContent=`${rows.length} months.`;", "note.textContent = total;"),
            "months.`",
            "    note.textContent = total;\n  }",
        ),
        # nearly alike
        (
            Patch(
                "    for (const row of await datasette.rows('cities')) "
                "city.add(new Option(row.city))\n    await draw();",
                "    await draw();",
            ),
            "new Option",
            "start() {\n    await draw();\n  }",
        ),
        # removed
        (Patch('<p id="note">Loading…</p>', ""), "Loading", "</style>\n<script>"),
        # lines ended as forms send them
        (Patch("  start();\r\n</script>", "</script>"), "  start();", "  }\n</script>\n"),
    ],
)
def test_a_change_finds_its_place(patch: Patch, gone: str, there: str) -> None:
    found = patched(SOURCE, [patch])
    assert gone not in found
    assert there in found


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        (Patch("  console.log('nothing of the kind', rows);", ""), "no lines like “console.log"),
        (Patch("await draw", "draw"), ""),  # once, so it applies
        (Patch("  }", ""), "2 times"),
        (Patch("\n \n", "x"), "does not say which lines"),
        (Patch("color: green", "color: red"), "no lines like"),  # short texts are alike too easily
    ],
)
def test_a_change_that_fits_nowhere_or_twice_is_refused(patch: Patch, said: str) -> None:
    good = Patch("margin: 0", "margin: 2em")
    if not said:
        assert "2em" in patched(SOURCE, [good, patch])
        return
    with pytest.raises(PatchFailed, match=said) as raised:
        patched(SOURCE, [good, patch])
    assert raised.value.number == 2


def test_two_places_that_are_nearly_alike_are_none() -> None:
    block = "for (const row of rows) { list.append(row.name, row.total, row.month); }"
    source = f"{block.replace('name', 'names')}\n<hr>\n{block.replace('month', 'months')}"
    with pytest.raises(PatchFailed, match="several times"):
        patched(source, [Patch(block.replace("total", "totals"), "")])


def test_later_changes_see_earlier_ones() -> None:
    changes = [Patch("margin: 0", "padding: 0"), Patch("padding: 0", "padding: 1em")]
    assert "{ padding: 1em; color: black; }" in patched(SOURCE, changes)


@given(LINES, LINES, LINES, LINES)
def test_lines_that_stand_once_are_replaced_and_nothing_else(
    before: list[str], search: list[str], replace: list[str], after: list[str]
) -> None:
    marked = ["<<here>>", *search, "<<there>>"]
    found = patched(
        "\n".join([*before, *marked, *after]),
        [Patch("\n".join(marked), "\n".join(["new", *replace, "end"]))],
    )
    assert found == "\n".join([*before, "new", *replace, "end", *after])


@given(st.text(), st.lists(st.builds(Patch, st.text(), st.text()), max_size=4))
def test_any_change_applies_or_says_why(source: str, changes: list[Patch]) -> None:
    try:
        found = patched(source, changes)
    except PatchFailed as failed:
        assert 1 <= failed.number <= len(changes)
    else:
        assert isinstance(found, str)


def test_a_place_is_found_in_a_large_document_by_the_lines_that_are_the_same() -> None:
    lines = [f"  <p>line {number} of a large document</p>" for number in range(5_000)]
    search = [line.strip() for line in lines[3_000:3_040]]
    search[7] = "<p>line 3007, of a large document</p>"
    found = patched("\n".join(lines), [Patch("\n".join(search), "<hr>")])
    assert found == "\n".join([*lines[:3_000], "  <hr>", *lines[3_040:]])


def test_a_large_change_to_a_large_document_gives_up_rather_than_compare_for_minutes() -> None:
    source = "\n".join(f"<p>line {number} of a large document</p>" for number in range(10_000))
    search = "\n".join(f"<p>row {number} of quite another one</p>" for number in range(2_000))
    with pytest.raises(PatchFailed):
        patched(source, [Patch(search, "")])
