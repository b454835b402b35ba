"""The other sites that may show what is published here in a frame. Pure.

They go into a policy and into the page, so nothing but the name of a site is taken.
"""

from __future__ import annotations

import re

from .errors import BadInput

# A scheme, perhaps `*.` for all below a name, the name in lower case, perhaps a port.
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_SITE = re.compile(rf"https?://(?:\*\.)?{_LABEL}(?:\.{_LABEL})*(?::[0-9]{{1,5}})?")


def embed_sites(setting: str) -> tuple[str, ...]:
    """The sites that the setting of this name lists. Raises BadInput, which names a wrong one."""
    sites = tuple(setting.split())
    for each in sites:
        if not _SITE.fullmatch(each):
            raise BadInput(
                f"datasette-llm-tools: embed_sites has {each[:100]!r}, which is no site such as "
                "https://news.example or https://*.news.example."
            )
    return sites


def frame_ancestors(sites: tuple[str, ...]) -> str:
    """The sources of a policy's frame-ancestors; 'none' where there are no sites."""
    return " ".join(sites) or "'none'"
