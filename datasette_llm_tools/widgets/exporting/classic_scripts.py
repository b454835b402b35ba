"""Our ES modules as one classic script: a page that is opened from disk may not load a module.

Knows the forms that our own modules use: `import { a, b as c } from "./file.js";` and `export`
before a const, let, class, function or async function. Anything else is an error at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(
    r"^export (?=(?:const|let|class|function\*?|async function\*?) ([\w$]+))", re.MULTILINE
)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
# What would end or confuse a script element. In JavaScript both forms mean the same.
_ENDING = re.compile(r"<(?=/script|!--)", re.IGNORECASE)


def classic_script(entry: str, read: Callable[[str], str]) -> str:
    """The module called `entry` and all that it imports, each once, after what it needs.

    `read` gives the text of a module by its file name.
    """
    parts: dict[str, str] = {}

    def add(name: str, importers: tuple[str, ...] = ()) -> None:
        if name in importers:
            raise ValueError(f"Modules import each other in a circle: {', '.join(importers)}.")
        if name in parts:
            return
        text = read(name)
        for _, imported in _IMPORT.findall(text):
            add(imported, (*importers, name))
        parts[name] = _part(name, text)

    add(entry)
    return '"use strict";\n' + "".join(parts.values())


def in_script_element(text: str) -> str:
    """A classic script as it can stand between <script> and </script>."""
    return _ENDING.sub(r"\\x3c", text)


def _part(name: str, text: str) -> str:
    exported = _EXPORT.findall(text)
    body = _EXPORT.sub("", _IMPORT.sub(_taken, text))
    left = _OTHER.search(body)
    if left:
        raise ValueError(f"{name} has a line that cannot be made classic: {left[0]}")
    given = ", ".join(exported)
    return f"const {_variable(name)} = (() => {{\n{body}\nreturn {{ {given} }};\n}})();\n"


def _taken(found: re.Match[str]) -> str:
    names = re.sub(r"\s+as\s+", ": ", found[1])
    return f"const {{{names}}} = {_variable(found[2])};\n"


def _variable(name: str) -> str:
    return "module_" + re.sub(r"\W", "_", name.removesuffix(".js"))
