"""Modules become one classic script that does the same, and ends no script element."""

from __future__ import annotations

import pytest

from datasette_llm_tools.widgets.exporting.classic_scripts import classic_script, in_script_element
from datasette_llm_tools.widgets.exporting.export_html import script_json

MODULES = {
    "entry.js": 'import { double as twice } from "./sums.js";\n'
    'import {\n  NAME,\n} from "./names.js";\nconsole.log(twice(2), NAME);\n',
    "sums.js": 'import { NAME } from "./names.js";\n'
    "export function double(x) {\n  return x * 2;\n}\nconst hidden = NAME;\n",
    "names.js": 'export const NAME = "n";\nexport class Each {}\nexport async function go() {}\n',
}


def test_each_module_comes_once_after_what_it_imports() -> None:
    script = classic_script("entry.js", MODULES.__getitem__)
    places = [script.index(f"const module_{name} = ") for name in ("names", "sums", "entry")]
    assert places == sorted(places)
    assert script.count("const module_names = ") == 1
    assert "import" not in script and "export" not in script
    assert "const { double: twice } = module_sums;" in script
    assert "return { NAME, Each, go };" in script


@pytest.mark.parametrize(
    "line",
    ["export default 1;", "export { a };", 'import * as a from "./names.js";', 'import "./a.js";'],
)
def test_a_form_that_is_not_known_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match=r"entry\.js has a line that cannot be made classic"):
        classic_script("entry.js", {"entry.js": f"{line}\n"}.__getitem__)


def test_modules_that_import_each_other_end() -> None:
    circle = {
        "a.js": 'import { b } from "./b.js";\nexport const a = 1;\n',
        "b.js": 'import { a } from "./a.js";\nexport const b = 1;\n',
    }
    with pytest.raises(ValueError, match="circle"):
        classic_script("a.js", circle.__getitem__)


@pytest.mark.parametrize("text", ["'</script>'", "'</SCRIPT '", "'<!-- x'"])
def test_nothing_ends_the_element(text: str) -> None:
    safe = in_script_element(text).lower()
    assert "</script" not in safe and "<!--" not in safe


def test_json_for_a_script_element_holds_no_markup() -> None:
    text = script_json({"a": "</script><!-- & \u2028 ü"})
    assert not set("<>&\u2028") & set(text)
    assert "ü" in text
