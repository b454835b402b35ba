"""Which texts name a site that may embed, for they go into a policy as they are."""

from __future__ import annotations

import pytest

from datasette_llm_tools.embed_sites import embed_sites, frame_ancestors
from datasette_llm_tools.errors import BadInput


@pytest.mark.parametrize(
    "setting",
    [
        "https://news.example",
        "https://*.news.example",
        "http://localhost:8080",
        "https://a.example  https://b.example\nhttp://127.0.0.1:1",
    ],
)
def test_sites_are_taken(setting: str) -> None:
    sites = embed_sites(setting)
    assert frame_ancestors(sites).split() == setting.split()


def test_without_sites_nobody_may() -> None:
    assert frame_ancestors(embed_sites("  ")) == "'none'"


@pytest.mark.parametrize(
    "wrong",
    [
        "*",
        "https:",
        "https://*",
        "news.example",
        "'self'",
        "https://news.example/",
        "https://news.example/path",
        "https://news.example;script-src",
        "https://news.example,https://b.example",
        "https://NEWS.example",
        "https://a*.example",
        "https://*.*.example",
        "https://-.example",
        "https://news.example:",
        "https://news.example:123456",
        "https://user@news.example",
        "data:",
        "javascript:alert(1)",
        'https://"><script>.example',
        "https://news..example",
    ],
)
def test_anything_else_is_refused_by_name(wrong: str) -> None:
    with pytest.raises(BadInput) as said:
        embed_sites(f"https://good.example {wrong}")
    assert repr(wrong)[:50] in said.value.message
