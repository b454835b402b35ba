"""Templates over a row: what they may say, and that nothing they say runs for long."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasette_llm_tools.enrichments.row_templates import (
    MOST_CHARACTERS,
    MOST_SOURCE_CHARACTERS,
    RowTemplate,
    column_reference,
)
from datasette_llm_tools.errors import BadInput

COLUMNS = ("title", "n", "the body", "none yet")
ROW = {"title": "Tea & <b>Cake</b>", "n": 3, "the body": "some words", "none yet": None}


def filled(source: str, **values: Any) -> str:
    return RowTemplate(source, COLUMNS).render({**ROW, **values})


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("no column", "no column"),
        ("{{ title }} / {{ row['the body'] }}", "Tea & <b>Cake</b> / some words"),
        ("{{ row.title }}", "Tea & <b>Cake</b>"),
        ("[{{ row['none yet'] }}]", "[]"),
        ("{{ 'yes' if row['none yet'] == none else 'no' }}", "yes"),
        ("{{ 'yes' if row['none yet'] is none else 'no' }}", "yes"),
        ("{{ 'more' if n > 5 }}", ""),
        ("{% if n > 2 and title %}big{% else %}small{% endif %}", "big"),
        ("{{ n * 2 + 1 }} {{ n / 2 }} {{ -n }} {{ n % 2 }}", "7 1.5 -3 1"),
        ("{{ title[:3] ~ '…' }}", "Tea…"),
        ("{{ title | striptags | lower }}", "tea & cake"),
        ("{{ row['none yet'] | default('nothing') }}", "nothing"),
        ("{{ row['the body'] | truncate(4) }}", "some…"),
        ("{{ title | length }} {{ row['the body'] | wordcount }}", "17 2"),
        ("{{ '2.345' | round(2) }} {{ '7' | int }} {{ title | tojson }}",
         '2.35 7 "Tea & <b>Cake</b>"'),
        ("{{ n | round(1000000000) }} {{ n | round(-1000000000) }}", "3 0"),
        ("{{ 'in' if 'Tea' in title and n in [1, 3] }}", "in"),
        ("{% for name, value in row.items() if value %}{{ loop.index }} {{ name }}={{ value }};"
         "{% endfor %}", "1 title=Tea & <b>Cake</b>;2 n=3;3 the body=some words;"),
        ("{% for title in row %}{{ row[title] | upper }}{% if not loop.last %},{% endif %}"
         "{% endfor %}", "TEA & <B>CAKE</B>,3,SOME WORDS,"),
        ("{% raw %}{{ title }}{% endraw %}{# title #}", "{{ title }}"),
    ],
)  # fmt: skip
def test_a_template_is_filled(source: str, text: str) -> None:
    assert filled(source) == text


def test_columns_are_those_that_it_uses() -> None:
    def used(source: str) -> tuple[str, ...]:
        return RowTemplate(source, COLUMNS).columns

    assert used("nothing") == ()
    assert used("{{ n }}{% if row['the body'] %}{{ n | round }}{% endif %}{{ title }}") == (
        "title",
        "n",
        "the body",
    )
    assert used("{% for name in row %}{{ name }}{% endfor %}") == COLUMNS


def test_a_loop_goes_over_the_columns_it_is_given() -> None:
    source = "{% for name, value in row.items() %}{{ name }} {% endfor %}{{ title }}"
    template = RowTemplate(source, COLUMNS, looped=("n", "the body"))
    assert template.columns == ("title", "n", "the body")
    assert template.render(ROW) == "n the body Tea & <b>Cake</b>"


@given(st.text(max_size=200))
def test_what_a_cell_holds_is_never_a_template(cell: str) -> None:
    assert filled("a {{ title }} b", title=cell) == f"a {cell} b"
    assert filled("{{ title }}", title="{{ n }}{% for x in row %}") == "{{ n }}{% for x in row %}"


@given(st.text(min_size=1, max_size=30))
def test_a_column_of_any_name_is_named_by_its_reference(column: str) -> None:
    template = RowTemplate(column_reference(column), ("other", column))
    assert template.columns == (column,)
    assert template.render({column: "here", "other": "not here"}) == "here"


@pytest.mark.parametrize("column", ["row", "loop", "self", "none", "True", "if", "range", "items"])
def test_a_column_may_be_called_as_something_of_jinjas(column: str) -> None:
    assert RowTemplate(column_reference(column), (column,)).render({column: "here"}) == "here"


def test_columns_that_python_takes_for_one_stay_two() -> None:
    # Python reads the first letter, a ligature, as the two letters of the second.
    template = RowTemplate("{{ ﬁ }}{{ fi }}", ("ﬁ", "fi"))
    assert template.render({"ﬁ": 1, "fi": 2}) == "12"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{ titel }}", "Line 1 of the template: there is no column titel; did you mean title?"),
        ("\n\n{{ zzz }}", r"Line 3 .* no column zzz; there are title, n, the body, none yet\."),
        ("{{ row['x'] }}", "no column x"),
        ("{{ title", "Line 1 .* unexpected end"),
        ("{% if n %}", "Unexpected end"),
        ("{{ title | shout }}", "no filter shout; there are"),
        ("{{ title is odd }}", "no test odd"),
        ("{{ title.upper() }}", "cannot be used"),
        ("{{ title.upper }}", "filters, as in"),
        ("{{ row }}", "row is no value"),
        ("{{ row[title] }}", "in quotes"),
        ("{{ title[n] }}", "only numbers"),
        ("{{ loop.index }}", "cannot be used"),
        ("{% set a = 1 %}", "set cannot be used"),
        ("{% for a in title %}{% endfor %}", "over the row's columns"),
        ("{% for a, b in row %}{% endfor %}", "over the row's columns"),
        ("{% for a in row recursive %}{% endfor %}", "over the row's columns"),
    ],
)
def test_a_template_that_cannot_be_used_says_where(source: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        RowTemplate(source, COLUMNS)


HOSTILE = [
    "{{ 'a' * 1000000000 }}",
    "{{ 10 ** 10 ** 10 }}",
    "{{ title * n * 1000000000 }}",
    "{{ '%1000000000d' % n }}",
    "{{ [title] * 1000000000 }}",
    "{{ [1] + [2] }}",
    "{{ [title] }}",
    "{{ [[title] ~ ''] ~ '' }}",
    "{{ 'x' if title in [[title]] }}",
    "{{ title | tojson | upper | tojson }}",
    "{{ (title | tojson ~ 'x') | tojson }}",
    "{{ '{:>1000000000}'.format(n) }}",
    "{{ title | center(1000000000) }}",
    "{{ title | indent(1000000000) }}",
    "{{ title | wordwrap(1) }}",
    "{{ title | replace('', row['the body']) " + "| replace('', title) " * 900 + "}}",
    "{{ range(100000) | list }}",
    "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
    "{% for a in row %}{% for b in row %}{{ a }}{% endfor %}{% endfor %}",
    "{% for a in row %}{% else %}{% for b in row recursive %}{% endfor %}{% endfor %}",
    "{% for a in row.items().__class__.__mro__ %}{% endfor %}",
    "{% for a in row %}{{ loop(row) }}{% endfor %}",
    "{% for a in row %}{{ loop.cycle(1) }}{% endfor %}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "{% include 'x' %}",
    "{% import 'x' as x %}",
    "{% extends 'x' %}",
    "{% block a %}{% endblock %}",
    "{% filter upper %}x{% endfilter %}",
    "{% with a = 1 %}{% endwith %}",
    "{% call title() %}{% endcall %}",
    "{{ lipsum(1000000) }}",
    "{{ cycler }}",
    "{{ self }}",
    "{{ title.__class__.__mro__ }}",
    "{{ title['__class__'] }}",
    "{{ row.__class__ }}",
    "{{ row['items'] }}",
    "{{ row.items() }}",
    "{{ (title | string).__class__ }}",
    "{{ title | attr('__class__') }}",
    "{{ title | map('upper') }}",
    "{{ title | truncate(*[1]) }}",
    "{{ title | truncate(**{}) }}",
    "{{ title | truncate(length='x') }}",
    "{{ " + "(" * 9000 + "title" + ")" * 9000 + " }}",
    "{{ " + "not " * 4000 + "title }}",
    "{{ " + "-" * 4000 + "n }}",
    "{{ title" + "[0]" * 4000 + " }}",
    "{{ title" + " | upper" * 30 + " }}",
    "{{ title" + " | upper" * 2000 + " }}",
    "{{ n" + " + n" * 4000 + " }}",
    "{% if n %}" * 1500,
    "{% if n %}" * 300 + "{% endif %}" * 300,
    "{{ " + "9" * 15_000 + " }}",
    "{{ " + "9" * 4_000 + " * " + "9" * 4_000 + " }}",
    "{{ 1e999 | int }}",
    "{{ 1 / 0 }}",
    "{{ title < n }}",
    "{{ title | int }}",
]


@pytest.mark.parametrize("source", HOSTILE, ids=lambda source: source[:40])
def test_hostile_templates_are_refused(source: str) -> None:
    with pytest.raises(BadInput) as caught:
        filled(source)
    assert len(caught.value.message) < 700


@pytest.mark.parametrize(
    ("source", "characters"),
    [
        ("{{ title }}" * 900, 20_000),
        ("{{ title }}{{ row['the body'] }}" * 400, 20_000),
        ("{{ " + "title ~ " * 900 + "n }}", 20_000),
        ("{% for a in row %}" + "{{ title }}" * 200 + "{% endfor %}", 20_000),
    ],
)
def test_a_filled_template_is_no_longer_than_the_most(source: str, characters: int) -> None:
    with pytest.raises(BadInput, match=r"more than 1,000,000"):
        filled(source, title="x" * characters)
    assert len(filled(source)) <= MOST_CHARACTERS


@pytest.mark.parametrize(
    "source",
    [
        "{{ " + "title ~ " * 2_000 + "n }}",
        "{% if title | upper == row['the body'] | upper %}{% endif %}" * 300,
        "{% for a in row %}"
        + "{% if title == row['the body'] %}{% endif %}" * 300
        + "{% endfor %}",
    ],
)
def test_a_template_that_does_much_takes_no_long_cells(source: str) -> None:
    assert len(filled(source)) < 100_000
    with pytest.raises(BadInput, match="title holds 200,000 characters, too many"):
        filled(source, title="x" * 200_000)


def test_a_template_that_does_much_takes_no_wide_rows() -> None:
    columns = [f"c{number}" for number in range(2_000)]
    with pytest.raises(BadInput, match="too much for each column"):
        RowTemplate("{% for a in row %}" + "{{ c1 }}" * 400 + "{% endfor %}", columns)


def test_replacing_makes_no_text_much_longer() -> None:
    assert filled("{{ title | replace('x', 'yz') }}", title="x" * 10_000) == "yz" * 10_000
    assert filled("{{ title | replace('x', 'y') }}", title="x" * 100_000) == "y" * 100_000
    with pytest.raises(BadInput, match="replace makes a text too long"):
        filled("{{ title | replace('x', 'yz') }}", title="x" * 10_001)


PIECES = st.sampled_from(
    re.findall(
        r"\S+",
        "{{ }} {% %} title n row items() . | * ** for_a_in if endfor endif else upper replace "
        "round ( ) [ ] 'x' 999999999 ~ % loop self range set = , : not is none",
    )
)


@given(
    st.lists(PIECES, max_size=14).map(lambda found: " ".join(found).replace("_", " "))
    | st.text(max_size=60)
)
def test_any_template_is_filled_or_refused(source: str) -> None:
    try:
        text = filled(source)
    except BadInput as error:
        assert error.message.endswith((".", "?"))
        return
    assert len(text) <= MOST_CHARACTERS


def test_a_template_may_not_be_long() -> None:
    with pytest.raises(BadInput, match="20,001 characters"):
        RowTemplate("x" * (MOST_SOURCE_CHARACTERS + 1), ())


def test_a_blob_is_no_text() -> None:
    with pytest.raises(BadInput, match="title holds a BLOB"):
        filled("{{ title }}", title=b"")
    assert filled("{% for name in row %}{{ row[name] }}{% endfor %}", title=b"x").startswith(
        "(BLOB)"
    )


def test_a_column_that_is_gone_is_named() -> None:
    with pytest.raises(BadInput, match="no column title"):
        RowTemplate("{{ title }}", COLUMNS).render({"n": 1})


def test_what_stands_in_braces_is_shown_as_told() -> None:
    template = RowTemplate("a {{ title }} b {{ n }}", COLUMNS, show=lambda value: f"<{value}>")
    assert template.render(ROW | {"title": "x"}) == "a <x> b <3>"
