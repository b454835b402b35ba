"""A widget's source, read as a browser reads it, checked, and written again; pure.

What comes out holds no bridge and no library yet: framing.py puts these before it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, SubElement

from html5lib import treewalkers
from html5lib.serializer import HTMLSerializer

from . import refusals
from .bounded_html import HTML, parse_html
from .libraries import NAMES, library_of

MOST_REFUSALS = 20
_SCRIPT, _STYLE = f"{HTML}script", f"{HTML}style"
_CODE_TYPES = ("", "text/javascript", "application/javascript", "module")
# What is something to see, even without text.
_VISIBLE = frozenset({"img", "svg", "canvas", "input", "button", "select", "textarea", "hr"})


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A checked document. `refused` has a sentence for each thing that was taken out.

    `libraries` are the names of those that it wants, in its own order.
    """

    html: str
    refused: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()


def rebuild(html: str, libraries: Collection[str] = NAMES) -> Rebuilt:
    """The document that `html` is, without what a widget may not have.

    Half a document is closed; an unfinished script is left out. Rebuilding twice changes
    nothing more. Raises BadInput where the HTML is too large to be read in a second or two.
    """
    return _rebuild(html, _Rules(frozenset(libraries)))


def partial(html: str) -> Rebuilt | None:
    """What can be shown of a document that is still being written: no scripts, no handlers.

    None while there is nothing to see. Raises BadInput as `rebuild` does.
    """
    rules = _Rules(frozenset(), with_code=False)
    root, _ = parse_html(html)
    rules.check_children(root)
    if not any(_is_seen(each) for each in root.iter(f"{HTML}body")):
        return None
    return Rebuilt(_written(root))


def _rebuild(html: str, rules: _Rules) -> Rebuilt:
    root, is_unfinished = parse_html(html)
    if is_unfinished:
        rules.unfinished = list(root.iter(_SCRIPT))[-1]
    rules.check_children(root)
    rules.check_attributes(root, "html")
    if root.find(f"{HTML}body") is None:  # frames stood in its place
        SubElement(root, f"{HTML}body")
    refused = tuple(dict.fromkeys(rules.refused))
    if len(refused) > MOST_REFUSALS:
        more = len(refused) - MOST_REFUSALS
        refused = (*refused[:MOST_REFUSALS], f"{more:,} more things were left out.")
    return Rebuilt(_written(root), refused, tuple(dict.fromkeys(rules.wanted)))


def _written(root: Element) -> str:
    serializer = HTMLSerializer(
        omit_optional_tags=False,
        quote_attr_values="always",
        escape_lt_in_attrs=True,
        resolve_entities=False,
    )
    return "<!DOCTYPE html>" + serializer.render(treewalkers.getTreeWalker("etree")(root))


def _is_seen(body: Element) -> bool:
    for each in body.iter():
        tag = str(each.tag).rpartition("}")[2]
        text = each.text if tag not in ("style", "script", "title") else None
        if tag in _VISIBLE or (text or "").strip() or (each.tail or "").strip():
            return True
    return False


@dataclass
class _Rules:
    """The rules at work on one document, and what they have found."""

    libraries: frozenset[str]
    with_code: bool = True
    unfinished: Element | None = None
    refused: list[str] = field(default_factory=list)
    wanted: list[str] = field(default_factory=list)
    scripts: int = 0

    def check_children(self, parent: Element) -> None:
        """Take out of an element what may not be in it; all the way down."""
        previous: Element | None = None
        for child in list(parent):
            if self._stays(child):
                previous = child
                continue
            _keep_tail(parent, previous, child)
            parent.remove(child)

    def _stays(self, element: Element) -> bool:
        if not isinstance(element.tag, str):  # a comment
            return False
        tag = element.tag.rpartition("}")[2].lower()
        reason = refusals.element_refused(tag)
        if reason is None and tag == "meta":
            reason = refusals.meta_refused({str(k): v for k, v in element.attrib.items()})
        if reason is not None:
            self._refuse(reason)
            return False
        if tag == "script":
            return self._script_stays(element)
        if tag == "style" and not self._style_stays(element):
            return False
        self.check_attributes(element, tag)
        self.check_children(element)
        return True

    def check_attributes(self, element: Element, tag: str) -> None:
        for name, value in list(element.attrib.items()):
            plain = _attribute_name(name)
            if plain == "style":
                css, refused = refusals.checked_css(value)
                element.attrib[name] = css
                self.refused += refused
                continue
            reason = refusals.attribute_refused(tag, plain, value)
            if reason is None and plain.startswith("on") and not self.with_code:
                reason = ""
            if reason is not None:
                self._refuse(reason)
                del element.attrib[name]

    def _style_stays(self, element: Element) -> bool:
        text = (element.text or "") + "".join(each.tail or "" for each in element)
        # It is written as it stands, and within <svg> a browser reads that as markup.
        is_markup = "<" in text or any(isinstance(each.tag, str) for each in element)
        if element.tag != _STYLE and is_markup:
            self._refuse("<style> within <svg> was left out: it holds markup.")
            return False
        element.text, refused = refusals.checked_css(text)
        del element[:]  # comments
        self.refused += refused
        return True

    def _script_stays(self, element: Element) -> bool:
        if not self.with_code:
            return False
        if element is self.unfinished:
            self._refuse("The last <script> is not finished and was left out.")
            return False
        address = element.get("src")
        if element.tag != _SCRIPT:
            self._refuse("<script> within <svg> was left out: put it into the page itself.")
            return False
        if address is not None:
            self._want(address.strip())
            return False
        kind = element.get("type", "").strip().lower()
        reason = refusals.script_type_refused(kind)
        if reason is not None:
            self._refuse(reason)
            return False
        if kind in _CODE_TYPES:
            self._name_script(element)
        return True

    def _name_script(self, element: Element) -> None:
        """Let errors say which script and which of its lines they mean."""
        self.scripts += 1
        text = re.sub(r"\n//# sourceURL=script-\d+\n?$", "", element.text or "")
        element.text = f"{text}\n//# sourceURL=script-{self.scripts}\n"

    def _want(self, address: str) -> None:
        name = library_of(address)
        if name is None or name not in self.libraries:
            there = ", ".join(f"lib:{each}" for each in sorted(self.libraries))
            said = refusals.shortened(address)
            self._refuse(f"<script src={said}> was left out: there are only {there}.")
            return
        if not address.startswith("lib:"):
            said = refusals.shortened(address)
            self._refuse(f"<script src={said}> was left out: lib:{name} is used in its place.")
        self.wanted.append(name)

    def _refuse(self, sentence: str) -> None:
        if sentence:
            self.refused.append(sentence)


def _attribute_name(name: object) -> str:
    """`{http://www.w3.org/1999/xlink}href` is xlink:href."""
    text = str(name).lower()
    return re.sub(r"^\{[^}]*/xlink\}", "xlink:", text)


def _keep_tail(parent: Element, previous: Element | None, child: Element) -> None:
    """The text after an element that goes stays."""
    if not child.tail:
        return
    if previous is None:
        parent.text = (parent.text or "") + child.tail
    else:
        previous.tail = (previous.tail or "") + child.tail
