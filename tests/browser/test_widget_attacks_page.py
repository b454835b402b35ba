"""A hostile widget and the page around it: what it reads, forges, opens, and takes for itself."""

from __future__ import annotations

import asyncio
import json

import pytest
from conftest import Visiting
from playwright.async_api import expect
from widget_lab_page import HELLO, SHOW, lab, messages, open_widget, reasons, said, show_raw, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# Each may be tried without a bridge; none may give anything but an error.
READS = {
    "document": "parent.document.title",
    "location": "String(parent.location.href)",
    "cookie": "document.cookie",
    "local": "localStorage.length",
    "session": "sessionStorage.length",
    "parent-local": "parent.localStorage.length",
    "indexed": "indexedDB.open('x').then",
    "frame-element": "window.frameElement.id",
    "opener": "window.opener.document",
    "referrer": "document.referrer || undefined.x",
    "worker": "new Worker(URL.createObjectURL(new Blob(['1']))).terminate()",
    "eval": "eval('1')",
    "function": "new Function('return 1')()",
    "wasm": "new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])).x",
    "domain": "document.domain = 'localhost'",
    "batteries": "navigator.getBattery.call(navigator).x.y",
    "nested": "document.body.appendChild(document.createElement('iframe')).contentWindow.Document",
}


async def test_a_widget_reads_nothing_of_its_page(visit: Visiting) -> None:
    page = await lab(visit)
    tries = "".join(
        f"try {{ got[{json.dumps(name)}] = String({code}) }} catch (e) {{ }}"
        for name, code in READS.items()
    )
    report = "say('got ' + JSON.stringify(got) + document.featurePolicy.allowedFeatures().length)"
    await show_raw(page, f"const got = {{}}; {tries} {report}")
    # A worker from a blob is made, but its script is refused; cookies are empty text.
    (text,) = [each for each in await messages(page) if each.startswith("got ")]
    assert json.loads(text[4 : text.rindex("}") + 1]).keys() <= {"worker", "cookie"}
    assert '"cookie":""' in text or "cookie" not in text
    assert text.endswith("}0")


async def test_a_widget_cannot_ask_its_server_as_the_viewer(visit: Visiting) -> None:
    page = await lab(visit)
    asked: list[str] = []
    page.page.on("request", lambda request: asked.append(request.url))
    await show_raw(
        page,
        """
        const tries = ["/-/actor.json", "/-/widgets.json"].flatMap((path) => [
          fetch(path, {credentials: "include"}), fetch(path, {mode: "no-cors"})]);
        Promise.allSettled(tries).then((all) => say("all " + all.map((each) => each.status)));
        """,
    )
    assert "all rejected,rejected,rejected,rejected" in await messages(page)
    assert not [url for url in asked if "actor" in url or "widgets.json" in url]


async def test_only_the_first_hello_of_the_right_frame_with_its_token_counts(
    visit: Visiting,
) -> None:
    page = await lab(visit)
    html = """<!doctype html><body><script>
      const hello = (token, target) => {
        const {port1, port2} = new MessageChannel();
        port1.onmessage = ({data}) => {
          const value = {kind: "lab", message: `${token} hears ${data.kind}`};
          port1.postMessage({kind: "error", value});
        };
        target.postMessage({kind: "llm-tools-hello", token}, "*", [port2]);
      };
      const token = new URLSearchParams(location.search).get("t");
      hello("wrong", parent); hello(undefined, parent); hello({}, parent);
      parent.postMessage({kind: "llm-tools-hello", token}, "*");
      parent.postMessage(null, "*"); parent.postMessage("x", "*");
    </script><iframe srcdoc="<script>
      const {port1, port2} = new MessageChannel();
      port1.onmessage = () => port1.postMessage({kind: 'error', value: {message: 'nested'}});
      top.postMessage({kind: 'llm-tools-hello', token: 'TOKEN'}, '*', [port2]);
    </script>"></iframe><script>
      setTimeout(() => { hello(token, parent); hello(token, parent); }, 400);
    </script>"""
    await page.page.evaluate(SHOW, [html, ""])
    heard = await messages(page)
    token = await page.page.evaluate(
        "new URL(document.querySelector('llm-tools-widget iframe').src).searchParams.get('t')"
    )
    await asyncio.sleep(1.2)
    assert {each.split(" hears")[0] for each in await messages(page)} == {token}
    assert heard and len(await said(page, "ready")) == 1


async def test_forged_messages_change_nothing(visit: Visiting) -> None:
    page = await lab(visit)
    await page.page.evaluate("window.before = document.body.innerHTML.length")
    await show_raw(
        page,
        """
        for (const each of [null, 1, "x", [], {}, {kind: "constructor"}, {kind: "__proto__"},
          {kind: "size", value: NaN}, {kind: "size", value: 1e9}, {kind: "size", value: "1px"},
          {kind: "error"}, {kind: "error", value: {message: {toString: 1}}},
          {kind: "rows"}, {kind: "ping", value: 1}, {kind: "theme", value: "x"},
          {kind: "pong", value: 77}, {kind: "run"}, {kind: "ready"},
          {kind: "error", value: {kind: "<img>", message: "<img src=x onerror=harmed=1>" +
            "y".repeat(5000)}}]) port1.postMessage(each);
        """,
    )
    await until(page, "said.error.some((each) => each.kind === '<img>')")
    last = (await said(page, "error"))[-1]
    assert len(last["message"]) == 500
    iframe = page.page.locator("llm-tools-widget iframe")
    assert await iframe.evaluate("(each) => each.style.height") == "4000px"
    assert await page.page.evaluate("window.harmed") is None
    assert await page.page.locator(".widget-errors img").count() == 0
    assert await page.page.locator(".widget-errors li").last.inner_text() == last["message"]
    assert await said(page, "stopped") == [] and await said(page, "run") == []


async def test_sql_is_never_taken_from_a_widget(visit: Visiting) -> None:
    page = await open_widget(
        visit,
        """<p id=out></p><script>
        (async () => {
          const all = [];
          for (const [name, params] of [["select 1", {}], ["air", {sql: "select 1"}],
            ["air; drop table airlines", {}], [{toString: () => "salaries"}, {}]]) {
            await datasette.rows(name, params).then(
              () => all.push("rows"), (error) => all.push(error.message));
          }
          document.getElementById("out").textContent = JSON.stringify(all);
        })();
        </script>""",
        [("air", "select carrier from airlines", [])],
    )
    page.watch.expect("status of 400")
    out = page.page.frame_locator("llm-tools-widget iframe").locator("#out")
    await expect(out).to_contain_text("salaries")
    assert "rows" not in json.loads(await out.inner_text())


# The bridge, by a widget that runs in the same world

# Each puts itself where the bridge passes by, and takes the port if it meets it.
THIEVES = {
    "event": "datasette.rows('air').then(() => take(window.event?.target))",
    "then": "Object.defineProperty(Object.prototype, 'then', {configurable: true, set() {},"
    "get() { take(window.event?.target); }})",
    "data": "const {get} = Object.getOwnPropertyDescriptor(MessageEvent.prototype, 'data');"
    "Object.defineProperty(MessageEvent.prototype, 'data',"
    "{get() { take(this.target); return apply(get, this, []); }})",
    "post": "MessagePort.prototype.postMessage = function (...all) {"
    "take(this); return apply(post, this, all); }",
    "call": "for (const name of ['call', 'apply', 'bind']) Function.prototype[name] ="
    "function (...all) { all.forEach(take); return apply(this, all[0], all.slice(1)); }",
    "reflect": "Reflect.apply = (f, self, all) => { take(self); take(self?.target);"
    "return apply(f, self, all); }",
    "stack": "Error.prepareStackTrace = (error, sites) => sites.forEach((site) => {"
    "take(site.getThis()); for (const each of site.getFunction()?.arguments ?? []) take(each); });"
    "datasette.rows({toString() { void new Error('x').stack; return 'air'; }})",
}
THIEF = """<p>x</p><script>
const {apply} = Reflect; const post = MessagePort.prototype.postMessage;
const stolen = {kind: "error", value: {kind: "stolen", message: "stolen"}};
const take = (port) => port instanceof MessagePort && apply(post, port, [stolen]);
%s
</script><script>
document.body.append([typeof connect, typeof rows, typeof tell].join());
datasette.rows("air").then((rows) => console.error("got " + rows.length));
</script>"""


@pytest.mark.parametrize("name", THIEVES)
async def test_the_port_cannot_be_stolen(visit: Visiting, name: str) -> None:
    html = THIEF % THIEVES[name]
    page = await open_widget(visit, html, [("air", "select carrier from airlines limit 2", [])])
    page.watch.expect("")
    await until(page, "said.error.some((each) => each.message === 'got 2')")
    await asyncio.sleep(1.1)  # a ping comes each second: one more to look at
    assert not [each for each in await said(page, "error") if each["kind"] == "stolen"]
    text = await page.page.frame_locator("llm-tools-widget iframe").locator("body").inner_text()
    assert "undefined,undefined,undefined" in text


async def test_what_a_widget_has_no_use_for_is_gone_for_good(visit: Visiting) -> None:
    page = await open_widget(
        visit,
        """<p id=out></p><script>
        const left = [];
        for (const [name, code] of Object.entries({
          rtc: () => new RTCPeerConnection(), socket: () => new WebSocket("ws://x"),
          open: () => open("/"), print: () => print(), alert: () => alert(1),
          confirm: () => confirm(1), prompt: () => prompt(1), write: () => document.write("x"),
          reopen: () => document.open(), exec: () => document.execCommand("copy"),
          push: () => history.pushState({}, ""), back: () => history.back(),
          restore: () => { delete window.open; open("/"); },
          redefine: () => Object.defineProperty(window, "open", {value: 1}),
          assign: () => { "use strict"; window.datasette = 1; },
        })) { try { code(); left.push(name); } catch {} }
        document.getElementById("out").textContent = "left: " + left;
        </script>""",
    )
    out = page.page.frame_locator("llm-tools-widget iframe").locator("#out")
    await expect(out).to_have_text("left: ")


# Pop-ups, clicks, downloads

CLICKS = """<style>body { margin: 0 }</style>
<div id=host></div><script>
const link = document.createElement("a");
link.href = "/-/leaked?secret"; link.textContent = "press";
link.style.cssText = "display: block; height: 100vh";
const root = %s ? document.getElementById("host").attachShadow({mode: "closed"}) : document.body;
root.append(link);
for (const type of ["pointerdown", "click", "auxclick", "keydown"]) addEventListener(type, () => {
  for (const each of [() => open("/-/leaked"), () => document.documentElement.requestFullscreen(),
    () => alert(1), () => print(), () => document.body.requestPointerLock(),
    () => navigator.clipboard.writeText("x"), () => documentPictureInPicture.requestWindow(),
    () => { top.location = "/-/leaked"; }])
    try { each()?.catch?.(() => {}); } catch {}
});
</script>"""


@pytest.mark.parametrize(("has_bridge", "shadow"), [(True, "true"), (False, "false")])
async def test_no_click_leaves_the_widget(visit: Visiting, has_bridge: bool, shadow: str) -> None:
    html = CLICKS % shadow
    page = await (open_widget(visit, html) if has_bridge else lab(visit))
    page.watch.expect("")
    opened: list[str] = []
    asked: list[str] = []
    page.page.context.on("page", lambda each: opened.append(each.url))
    page.page.context.on("request", lambda each: asked.append(each.url))
    page.page.on("dialog", lambda each: opened.append(each.message))
    page.page.on("download", lambda each: opened.append(each.url))
    here = page.page.url
    for modifiers, button in (
        ([], "middle"),
        (["Control"], "left"),
        (["Shift"], "left"),
        (["Alt"], "left"),
        ([], "left"),
    ):
        if not has_bridge:
            await show_raw(page, "", markup=html)
            await until(page, "said.ready.length > 0")
            await page.page.evaluate("said.ready.length = 0")
        if await page.page.locator("llm-tools-widget iframe").count() == 0:
            continue
        await page.page.locator("llm-tools-widget iframe").click(
            button=button,  # type: ignore[arg-type] # one of the two
            modifiers=modifiers,  # type: ignore[arg-type] # at most one
            position={"x": 60, "y": 30},
        )
        await asyncio.sleep(0.15)
    assert not [each for each in asked if "leaked" in each]
    # Without the bridge a tab may open, for an error: it goes nowhere.
    assert set(opened) <= (set() if has_bridge else {"chrome-error://chromewebdata/"})
    assert page.page.url == here
    assert await page.page.evaluate("document.fullscreenElement") is None


# Focus and history


async def test_the_keyboard_stays_where_it_was(visit: Visiting) -> None:
    page = await lab(visit)
    box = page.page.get_by_label("Prompt")
    await box.click()
    await show_raw(
        page,
        "const input = document.querySelector('input'); let times = 0;"
        "setInterval(() => { if (times++ < 3) { window.focus(); input.focus(); } }, 150);"
        "input.oninput = () => say('typed ' + input.value);",
        markup="<input autofocus>",
    )
    await until(page, "said.ready.length > 0")
    for letter in "a secret prompt":
        await page.page.keyboard.type(letter)
        await asyncio.sleep(0.05)
    await expect(box).to_be_focused()
    # What is typed in the instant until the focus is back is lost: a letter each time, two
    # where the machine is busy.
    assert len(await box.input_value()) >= len("a secret prompt") - 6
    typed = [each["message"] for each in await said(page, "error")]
    assert max(map(len, typed), default=0) <= len("typed ") + 6


async def test_a_widget_that_goes_on_taking_the_keyboard_is_stopped(visit: Visiting) -> None:
    page = await lab(visit)
    await page.page.get_by_label("Prompt").click()
    script = "setInterval(() => { window.focus(); document.querySelector('input').focus() }, 30)"
    await show_raw(page, script, markup="<input>")
    assert "keyboard" in (await reasons(page))["Widget"]


async def test_whoever_clicks_or_tabs_into_a_widget_types_there(visit: Visiting) -> None:
    page = await open_widget(visit, "<input aria-label=Inside>")
    await page.page.get_by_label("Prompt").fill("x")
    frame = page.page.locator("llm-tools-widget iframe")
    inside = frame.content_frame.get_by_label("Inside")
    # A person's pointer comes over the frame, which the page is told; Playwright's is just there.
    await page.page.get_by_label("Prompt").hover()
    await frame.dispatch_event("pointerenter")
    await inside.click()
    await page.page.keyboard.type("hello")
    await expect(inside).to_have_value("hello")
    await page.page.get_by_label("Prompt").click()
    await page.page.keyboard.press("Tab")
    await page.page.keyboard.type("!")
    await expect(inside).to_have_value("!")  # Tab has selected what was there


async def test_a_widget_does_not_turn_back_its_page(visit: Visiting) -> None:
    page = await lab(visit)
    await page.goto("/-/lab?again=1")
    await page.page.evaluate("window.same = true")
    for script in ("history.back()", "history.go(-1)", "top.history.back()", "navigation.back()"):
        script = f"setTimeout(() => {{ {script} }}, 50)"
        await page.page.evaluate(SHOW, [f"{HELLO}<script>{script}</script>", script[18:30]])
    await asyncio.sleep(0.7)
    assert page.page.url.endswith("again=1")
    assert await page.page.evaluate("window.same")


@pytest.mark.parametrize(
    "script", ["history.pushState({}, '', '#' + i)", "location.hash = 'x' + i"]
)
async def test_a_widget_that_fills_the_history_is_stopped(visit: Visiting, script: str) -> None:
    page = await lab(visit)
    await show_raw(page, f"let i = 0; setInterval(() => {{ if (i++ < 30) {script} }}, 10)")
    assert "history" in (await reasons(page))["Widget"]


async def test_a_second_page_in_the_frame_is_removed(visit: Visiting) -> None:
    page = await lab(visit)
    scripts = {
        "blank": "location = 'about:blank'",
        "again": "location.reload()",
        "other": "location = location.pathname + '?t=x'",
        "data": "location = 'data:text/html,x'",
        "write": "document.open(); document.write('other'); document.close()",
    }
    for title, script in scripts.items():
        script = f"onload = () => setTimeout(() => {{ {script} }}, 100)"
        await show_raw(page, script, title=title)
    stopped = await reasons(page, len(scripts))
    assert stopped == dict.fromkeys(scripts, "It tried to go to another page.")
    assert len(await said(page, "ready")) == len(scripts)
