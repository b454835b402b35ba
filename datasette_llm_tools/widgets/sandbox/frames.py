"""Documents that wait for the one request that may fetch them, and the headers they go with.

A frame has no cookies (it is credentialless) and an origin of its own, so what it may fetch is
said by an unguessable token that works once, within a minute. Libraries and bridge are put in
when it is fetched: what waits in the database is small.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import Conflict
from ...pages import FRAME_PATH
from .documents import Rebuilt
from .framing import POLICY

if TYPE_CHECKING:
    from datasette.app import Datasette

EXPIRES_SECONDS = 60
# One is fetched milliseconds after it was minted. When so many wait, the oldest give way: whoever
# lets many wait keeps nobody else from opening a widget.
MOST_WAITING = 200

# Every feature that Chromium 156 knows; it complains of others in the console.
_FEATURES = (
    "accelerometer aria-notify autoplay browsing-topics camera captured-surface-control "
    "ch-device-memory ch-downlink ch-dpr ch-ect ch-prefers-color-scheme "
    "ch-prefers-reduced-motion ch-prefers-reduced-transparency ch-rtt ch-save-data ch-ua "
    "ch-ua-arch ch-ua-bitness ch-ua-form-factors ch-ua-full-version ch-ua-full-version-list "
    "ch-ua-high-entropy-values ch-ua-mobile ch-ua-model ch-ua-platform ch-ua-platform-version "
    "ch-ua-wow64 ch-viewport-height ch-viewport-width ch-width clipboard-read clipboard-write "
    "compute-pressure cross-origin-isolated deferred-fetch deferred-fetch-minimal "
    "digital-credentials-create digital-credentials-get display-capture encrypted-media "
    "fullscreen gamepad geolocation gyroscope hid identity-credentials-get idle-detection "
    "interest-cohort keyboard-map language-detector language-model local-fonts local-network "
    "local-network-access loopback-network magnetometer media-playback-while-not-visible "
    "microphone midi on-device-speech-recognition otp-credentials payment picture-in-picture "
    "private-state-token-issuance private-state-token-redemption publickey-credentials-create "
    "publickey-credentials-get screen-wake-lock serial speaker-selection storage-access "
    "summarizer sync-xhr translator unload usb window-management xr-spatial-tracking"
)

OURS = "'self'"  # who may have a frame within a page, as a policy says it
HEADERS = {
    "Content-Security-Policy": f"{POLICY}; sandbox allow-scripts; frame-ancestors {OURS}",
    "Connection-Allowlist": "()",
    "Permissions-Policy": ", ".join(f"{name}=()" for name in _FEATURES.split()),
    "X-DNS-Prefetch-Control": "off",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Origin-Agent-Cluster": "?1",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a document waits, and the token with which its bridge says who it is."""

    url: str
    token: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A document that is fetched, and which sites may have it within a page."""

    rebuilt: Rebuilt
    ancestors: str

    @property
    def headers(self) -> dict[str, str]:
        """HEADERS for these sites."""
        ours, these = f"frame-ancestors {OURS}", f"frame-ancestors {self.ancestors}"
        return {name: value.replace(ours, these) for name, value in HEADERS.items()}


async def mint(datasette: Datasette, rebuilt: Rebuilt, *, ancestors: str = OURS) -> Frame:
    """Let a document be fetched once, within EXPIRES_SECONDS. Raises Conflict.

    `ancestors`: which sites may have it within a page, all of them counted, as a policy says it.
    """
    token = secrets.token_urlsafe(24)
    now = time.time()
    document = json.dumps([list(rebuilt.libraries), rebuilt.html, ancestors])

    def change(connection: sqlite3.Connection) -> None:
        connection.execute("delete from llm_tools_widget_frames where expires < ?", [now])
        connection.execute(
            "insert into llm_tools_widget_frames (token, document, expires) values (?, ?, ?)",
            [token, document, now + EXPIRES_SECONDS],
        )
        connection.execute(
            "delete from llm_tools_widget_frames where token in (select token "
            "from llm_tools_widget_frames order by expires desc limit -1 offset ?)",
            [MOST_WAITING],
        )

    await _write(datasette, change)
    return Frame(str(datasette.urls.path(f"{FRAME_PATH}?t={token}")), token)


async def take(datasette: Datasette, token: str) -> Waiting | None:
    """The document of a token, which is gone from then on; None where there is none.

    Raises Conflict.
    """

    def change(connection: sqlite3.Connection) -> Any:
        return connection.execute(
            "delete from llm_tools_widget_frames where token = ? returning document, expires",
            [token],
        ).fetchone()

    row = await _write(datasette, change)
    if row is None or row[1] < time.time():
        return None
    libraries, html, ancestors = json.loads(row[0])
    return Waiting(Rebuilt(html, libraries=tuple(libraries)), ancestors)


async def _write(datasette: Datasette, change: Callable[[sqlite3.Connection], Any]) -> Any:
    try:
        return await datasette.get_internal_database().execute_write_fn(change)
    except sqlite3.OperationalError as error:
        raise Conflict(f"The widget cannot be shown, for the server says: {error}.") from error


def frame_json(frame: Frame, *, approved: bool) -> dict[str, Any]:
    """What <llm-tools-widget> takes in show()."""
    return {"frame": frame.url, "token": frame.token, "approved": approved}
