"""Nothing leaves a widget: no request, no look-up of a name, no connection, no navigation.

The documents are as hostile as can be: no bridge, nothing taken out, only the frame and its
headers. They know a secret, and try to get it to a collector on loopback; Chromium writes down
each look-up and socket. The same documents without frame and headers must be heard; those in frames
have at least as long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
import widget_probes
from collector import Collector, hosts_in, hosts_so_far, listening_flags
from conftest import CHROMIUM, FLAGS
from playwright.async_api import BrowserContext, Error, async_playwright
from server import Server, start_server
from widget_probes import LEAVE_PAGE, Probe, documents

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SECRET = "hush7731"
PATIENCE_SECONDS = 60.0
ALL = widget_probes.probes(SECRET, 0, {})
# What Chromium does in no frame at all, or only after a click, or over another network than
# loopback (candidates of WebRTC by UDP); some newer version may.
UNHEARD = {
    *("names-rtc-candidate", "names-rtc-stun", "network-iframe-srcdoc-rtc"),
    *("names-speculation-prefetch", "names-speculation-prerender", "network-prerender"),
    *("navigation-about-blank", "navigation-download-blob", "navigation-picture-in-picture"),
    *("navigation-open-named", "network-csp-report", "network-css-background"),
    *("network-css-filter", "network-fencedframe", "network-fetch-later", "network-icon"),
    *("network-image-attribution", "network-manifest", "network-portal", "network-presentation"),
    *("network-protocol-handler", "network-service-worker", "network-shared-worker"),
    *("network-svg-use", "network-worker", "network-xslt"),
}

MINT = """async (html) => {
    const headers = {"content-type": "application/json"};
    const body = JSON.stringify({html});
    return (await fetch("/-/lab/mint", {method: "POST", headers, body})).json();
}"""
CONFINED = """async (minted) => {
    const script = document.querySelector("script[src*=llm-tools-widget]").src;
    const {WidgetFrame} = await import(script.replace("llm-tools-widget", "widget-host"));
    const place = document.querySelector(".widget-place");
    const on = {ready() {}, error() {}, stop() {}};
    for (const each of minted) new WidgetFrame({place, title: "x", on, ...each});
}"""
UNCONFINED = """(minted) => {
    for (const {frame} of minted) {
        document.body.append(Object.assign(document.createElement("iframe"), {src: frame}));
    }
}"""


@dataclass(frozen=True)
class Heard:
    """What came to the collectors, and what Chromium looked up or connected to.

    `rtc`: the probes whose own collector something came to. `pages`: how many were open at last.
    """

    received: str
    rtc: frozenset[str]
    hosts: frozenset[str]
    pages: int

    def has(self, probe: Probe) -> bool:
        return probe.host in self.hosts or probe.host in self.received or probe.id in self.rtc

    def unheard(self) -> set[str]:
        return {each.id for each in ALL if not self.has(each)}


async def listen(
    folder: Path,
    script: str,
    weakened: str,
    over: Callable[[Callable[[], Heard]], Awaitable[object]],
) -> Heard:
    """Let all documents try, in a Chromium of their own that keeps a log of its network.

    `over` gets what tells what was heard so far, and waits until that is enough.
    """
    server = start_server(folder, environment={"WEAKENED": weakened} if weakened else None)
    log = folder / "network.json"
    with ExitStack() as stack:
        stack.callback(server.stop)
        collector = stack.enter_context(Collector())
        own = {each.id: stack.enter_context(Collector()) for each in ALL if each.is_rtc}
        ports = {name: each.port for name, each in own.items()}
        async with async_playwright() as playwright:
            # Neither without a profile, nor with this flag, does Chromium connect in advance.
            quiet = "--disable-background-networking"
            context = await playwright.chromium.launch_persistent_context(
                folder / "profile",
                args=[*(flag for flag in FLAGS if flag != quiet), *listening_flags(log)],
                ignore_default_args=[quiet],
                executable_path=CHROMIUM,
            )
            await context.add_cookies([server.cookie("ann")])  # type: ignore[list-item] # a plain dict

            def heard(hosts: set[str], pages: int) -> Heard:
                rtc = frozenset(name for name, each in own.items() if each.heard)
                return Heard("\n".join(collector.heard), rtc, frozenset(hosts), pages)

            found = widget_probes.probes(SECRET, collector.port, ports)
            for group in _groups(found):
                await _try(context, server, group, script)
            await over(lambda: heard(hosts_so_far(log), len(context.pages)))
            await asyncio.sleep(1)  # what was on its way arrives
            pages = len(context.pages)
            await context.close()
    return heard(hosts_in(log), pages)


async def _until_all_were_heard(heard: Callable[[], Heard]) -> None:
    """Wait for the documents without confinement; the test says which were not heard in time."""
    for _ in range(int(PATIENCE_SECONDS / 0.5)):
        if heard().unheard() <= UNHEARD:
            return
        await asyncio.sleep(0.5)


def _groups(found: list[Probe]) -> list[list[Probe]]:
    """Those that may share a page; some leave it where they can, some end their process."""
    rtc = [each for each in found if each.is_rtc]
    leaving = [each for each in found if each.name in LEAVE_PAGE]
    rest = [each for each in found if each not in rtc and each not in leaving]
    return [rest, rtc, *([each] for each in leaving)]


async def _try(context: BrowserContext, server: Server, group: list[Probe], script: str) -> None:
    page = await context.new_page()
    await page.goto(server.url + "/-/lab")
    with suppress(Error):  # the page was left, or crashed: what is heard is what counts
        minted = [await page.evaluate(MINT, html) for _, html in documents(group)]
        for first in range(0, len(minted), 12):
            await page.evaluate(script, minted[first : first + 12])
            await asyncio.sleep(0.5)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def both(tmp_path_factory: pytest.TempPathFactory) -> list[Heard]:
    """What was heard with confinement and without, at the same time."""
    without = asyncio.create_task(
        listen(tmp_path_factory.mktemp("unconfined"), UNCONFINED, "all", _until_all_were_heard)
    )
    confined = await listen(
        tmp_path_factory.mktemp("confined"), CONFINED, "", lambda _: asyncio.wait([without])
    )
    return [confined, await without]


@pytest.fixture(scope="module")
def confined(both: list[Heard]) -> Heard:
    return both[0]


@pytest.fixture(scope="module")
def unconfined(both: list[Heard]) -> Heard:
    return both[1]


@pytest.mark.parametrize("probe", ALL, ids=lambda probe: probe.id)
async def test_nothing_leaves_a_widget(confined: Heard, probe: Probe) -> None:
    assert not confined.has(probe)


async def test_nothing_at_all_came(confined: Heard) -> None:
    assert confined.received == "" and not confined.rtc
    assert {host for host in confined.hosts if SECRET in host} == set()


async def test_no_page_was_opened(confined: Heard) -> None:
    assert confined.pages == 1 + len(_groups(ALL))


async def test_the_same_documents_are_heard_without_confinement(unconfined: Heard) -> None:
    assert unconfined.unheard() <= UNHEARD
