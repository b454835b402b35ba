"""What may not be in a widget's document, as rules over names and values; pure.

The frame's headers keep a widget from reaching anything, whatever its source says. These rules
make that plain before it runs: each thing that could not work is taken out and named, so that
its author, or the model, can do without.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# Elements that go with all that is in them, and why.
_LOADS = "a widget loads nothing from elsewhere"
_PAGES = "a widget shows no other page"
_OLD = "browsers read it in ways of their own"
ELEMENTS: Mapping[str, str] = {
    **dict.fromkeys(("iframe", "frame", "frameset", "fencedframe", "portal"), _PAGES),
    **dict.fromkeys(("object", "embed", "applet", "param", "link"), _LOADS),
    "base": "a widget has no address of its own",
    **dict.fromkeys(("noembed", "noframes", "noscript", "plaintext", "xmp", "listing"), _OLD),
}

_LEAVES = "nothing leaves a widget"
_ATTRIBUTES: Mapping[str, str] = {
    **dict.fromkeys(("ping", "attributionsrc", "manifest", "background"), _LOADS),
    **dict.fromkeys(("srcdoc", "classid", "codebase", "archive"), _PAGES),
    **dict.fromkeys(("action", "formaction"), _LEAVES + "; listen for submit instead"),
    **dict.fromkeys(("target", "formtarget", "download"), _LEAVES),
    "autofocus": "a widget leaves the keyboard where it is",
}
_ADDRESSES = frozenset(
    {"src", "href", "xlink:href", "poster", "srcset", "imagesrcset", "data", "longdesc", "cite"}
)
_DATA = re.compile(r"\s*data:(?:image|font)/", re.IGNORECASE)
# Each part ends where the next `url(` may begin, so that a text of nothing but beginnings is read
# in no more than its length: the engine holds up the whole server for as long as it reads.
_REMOTE_CSS = re.compile(
    r"""url\(\s{0,99}(?:
        "(?!\s{0,99}(?:data:|\#))(?P<double>[^"]*)"
        | '(?!\s{0,99}(?:data:|\#))(?P<single>[^']*)'
        | (?!data:|\#)(?P<bare>[^"'()\s]*)
    )\s{0,99}\)""",
    re.IGNORECASE | re.VERBOSE,
)
_IMPORT_CSS = re.compile(r"@import\b[^;]*;?", re.IGNORECASE)
_META_NAMES = frozenset({"viewport", "color-scheme", "description", "author", "generator"})
_SCRIPT_TYPES_REFUSED = frozenset({"importmap", "speculationrules", "webbundle"})


def element_refused(tag: str) -> str | None:
    """The sentence that says why an element of that name is left out, or None."""
    why = ELEMENTS.get(tag)
    return f"<{tag}> was left out: {why}." if why else None


def meta_refused(attributes: Mapping[str, str]) -> str | None:
    """The sentence for a <meta> that is left out; empty when nobody needs to be told."""
    if "http-equiv" in attributes:
        if attributes["http-equiv"].lower() == "content-type":
            return ""
        return f"<meta http-equiv={shortened(attributes['http-equiv'])}> was left out: {_LOADS}."
    if "charset" in attributes:
        return ""
    name = attributes.get("name", "").lower()
    return None if name in _META_NAMES else f"<meta name={shortened(name)}> was left out: {_OLD}."


def script_type_refused(kind: str) -> str | None:
    """The sentence for a script of a type that would load something, or None."""
    if kind.strip().lower() in _SCRIPT_TYPES_REFUSED:
        return f"<script type={kind.strip().lower()}> was left out: {_LOADS}."
    return None


def attribute_refused(tag: str, name: str, value: str) -> str | None:
    """The sentence for an attribute that is left out; empty when nobody needs to be told."""
    if name in _ATTRIBUTES:
        if name == "action" and value.strip() in ("", "#"):
            return ""
        return f"{name} of <{tag}> was left out: {_ATTRIBUTES[name]}."
    if name in _ADDRESSES:
        return _address_refused(tag, name, value)
    if tag in ("animate", "set") and name == "attributename" and "href" in value.lower():
        return f"{name} of <{tag}> was left out: {_LOADS}."
    is_code = name.startswith(("on", "data-"))
    if name != "style" and not is_code and _REMOTE_CSS.search(value):
        return f"{name} of <{tag}> was left out: {_LOADS}."
    return None


def _address_refused(tag: str, name: str, value: str) -> str | None:
    if value.strip().startswith("#"):
        return None
    if not value.strip():
        return ""
    said = f"{shortened(value)} in {name} of <{tag}> was left out: "
    if tag in ("a", "area"):
        return said + "no links open from a widget."
    if name in ("srcset", "imagesrcset"):
        # A comma may stand within a data: address, but never before white space there.
        candidates = re.split(r",\s+", value.strip())
        return None if all(map(_DATA.match, candidates)) else said + _LOADS + "."
    if _DATA.match(value) and tag not in ("use", "script"):
        return None
    return said + _LOADS + "."


def checked_css(css: str) -> tuple[str, list[str]]:
    """CSS without what it would load, and a sentence for each thing that was taken out."""
    refused = []

    def without(match: re.Match[str]) -> str:
        address = match["double"] or match["single"] or match["bare"] or ""
        refused.append(f"url({shortened(address)}) in CSS was left out: {_LOADS}.")
        return 'url("data:,")'

    def without_import(match: re.Match[str]) -> str:
        refused.append(f"{shortened(match[0])} in CSS was left out: {_LOADS}.")
        return " "  # what stood around it becomes no word of its own: </sty@import;le>

    css = _IMPORT_CSS.sub(without_import, css)
    return _REMOTE_CSS.sub(without, css), refused


def shortened(text: str, most: int = 80) -> str:
    """Text of a document as a sentence may quote it: one line, not too long."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
