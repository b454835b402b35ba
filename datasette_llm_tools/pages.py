"""How anything leaves the server: a page, JSON, or a stream of events; errors too.

Our pages carry a strict Content-Security-Policy. Datasette's base template has
inline scripts of its own, which are let through by their hashes.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl
from weakref import WeakKeyDictionary, ref

from datasette.utils.asgi import Response
from datasette.utils.sqlite import sqlite3

from .errors import BadInput, Conflict, LlmToolsError, WrongMethod

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

View = Callable[..., Awaitable[Any]]

_POLICY = (
    "default-src 'self'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-src {frames}; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}"
)


# Where the documents of widgets come from: the only address that a page lets into a frame.
FRAME_PATH = "/-/widgets/-/frame"
ANY_HOST = "host.invalid"  # of a request whose page is kept for whatever host others ask
_LOCKED = "A database is locked by another program; try again when that is done writing."
_HOST = re.compile(r"(?:[a-zA-Z0-9.-]+|\[[0-9a-fA-F:.]+\])(?::[0-9]+)?")


@dataclass(frozen=True)
class Page:
    """What a template gets. Subclasses add fields whose `help` metadata documents them.

    `has_frames`: the page shows widgets, each in a frame that cannot leave FRAME_PATH.
    """

    template: ClassVar[str]
    has_frames: ClassVar[bool] = False


def shown(text: str) -> Any:
    """A field of a Page with its documentation."""
    return field(metadata={"help": text})


@dataclass(frozen=True)
class ErrorPage(Page):
    template: ClassVar[str] = "llm_tools/error.html"
    title: str = shown("What happened, in two or three words")
    message: str = shown("One sentence: what happened and what to do")
    status: int = shown("HTTP status")


def guarded(view: View, methods: Collection[str]) -> View:
    """Wrap a view: only these methods, and our errors become a page or JSON with their status."""

    @functools.wraps(view)
    async def wrapped(request: Request, datasette: Datasette) -> Any:
        try:
            if request.method not in methods:
                raise WrongMethod(f"This address takes {' or '.join(sorted(methods))} only.")
            return await view(request, datasette)
        except LlmToolsError as error:
            return await error_response(datasette, request, error)
        except sqlite3.OperationalError as error:
            # Datasette reads every database's schema again before a page of ours is made.
            if "locked" not in str(error):
                raise
            return await error_response(datasette, request, Conflict(_LOCKED))

    return wrapped


async def error_response(datasette: Datasette, request: Request, error: LlmToolsError) -> Response:
    """An error as JSON or as a page, whichever was asked for."""
    if wants_json(request) or wants_events(request):
        response = Response.json({"ok": False, "error": error.message}, status=error.status)
        response.headers["Cache-Control"] = "private, no-store"
        return response
    titles = {403: "Not allowed", 404: "Not found", 503: "No model"}
    page = ErrorPage(titles.get(error.status, "That did not work"), error.message, error.status)
    return await render(datasette, request, page, status=error.status)


async def render(
    datasette: Datasette,
    request: Request,
    page: Page,
    *,
    status: int = 200,
    ancestors: str = "'self'",
) -> Response:
    """Render a page's template with its fields as the context.

    `ancestors`: what may show it in a frame, as a policy has it.
    """
    context = {each.name: getattr(page, each.name) for each in fields(page)}
    context["static"] = _static(datasette)
    html = await datasette.render_template(page.template, context, request=request)
    headers = {
        "Content-Security-Policy": await _policy(datasette, request, page.has_frames, ancestors),
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    if page.has_frames:
        # Not no-referrer: a browser would post this page's forms with the origin "null", which
        # Datasette refuses where there is no TLS. The frames have no-referrer of their own.
        headers |= {
            "Cross-Origin-Opener-Policy": "same-origin",
            "X-DNS-Prefetch-Control": "off",
        }
    return Response.html(html, status=status, headers=headers)


_statics: WeakKeyDictionary[Any, Callable[..., str]] = WeakKeyDictionary()


def _static(datasette: Datasette) -> Callable[..., str]:
    """Datasette's static(), which looks through all plugins, 2 ms each time; asked once a file."""
    if not datasette.cache_headers:
        found: Callable[..., str] = datasette.static
        return found
    if datasette not in _statics:
        weak = ref(datasette)  # what is kept must not keep the Datasette that it is kept for
        _statics[datasette] = functools.cache(lambda *path, **of: weak().static(*path, **of))  # type: ignore[union-attr] # it renders just now
    return _statics[datasette]


async def fragment(
    datasette: Datasette, request: Request, template: str, context: Mapping[str, Any]
) -> str:
    """Render a part of a page, for an event that carries it to the browser."""
    return str(await datasette.render_template(template, dict(context), request=request))


def json_response(value: Mapping[str, Any], status: int = 200) -> Response:
    """JSON for a program. Answers to POST and private pages are not to be cached."""
    body = json.dumps({"ok": True, **value}, ensure_ascii=False, default=str)
    headers = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
    return Response(
        body, status=status, headers=headers, content_type="application/json; charset=utf-8"
    )


def wants_json(request: Request) -> bool:
    """Whether the address ends in .json or the client accepts JSON rather than HTML."""
    accept = request.headers.get("accept", "")
    return request.path.endswith(".json") or (
        "application/json" in accept and "text/html" not in accept
    )


def wants_events(request: Request) -> bool:
    """Whether the client asked for server-sent events."""
    return "text/event-stream" in request.headers.get("accept", "")


async def posted(request: Request, most_bytes: int | None = None) -> dict[str, Any]:
    """The fields of a POST, sent as a form or as a JSON object.

    `most_bytes` where it may have more than Datasette's setting max_post_body_bytes.
    """
    body = await request.post_body(most_bytes)
    if "json" in request.headers.get("content-type", ""):
        try:
            value = json.loads(body)
            json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair cannot be stored
        except (ValueError, RecursionError) as error:
            raise BadInput("The body is not valid JSON.") from error
        if not isinstance(value, dict):
            raise BadInput("The body must be a JSON object.")
        return value
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True))
    except UnicodeDecodeError as error:
        raise BadInput("The form is not valid UTF-8.") from error


_script_hashes: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


async def _policy(datasette: Datasette, request: Request, has_frames: bool, ancestors: str) -> str:
    """The policy with the hashes of the inline scripts that every Datasette page has.

    They are taken from a page without any content, so that nothing that came
    from data or a model can be among them.
    """
    if datasette not in _script_hashes:
        html = await datasette.render_template("llm_tools/blank.html", {}, request=request)
        bodies = re.findall(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", html, re.DOTALL)
        _script_hashes[datasette] = " ".join(sorted({_hash(body) for body in bodies}))
    frames = _frame_source(datasette, request) if has_frames else "'none'"
    scripts = _script_hashes[datasette]
    return _POLICY.format(scripts=scripts, frames=frames, ancestors=ancestors)


def _frame_source(datasette: Datasette, request: Request) -> str:
    """The one address of frames, as a source of a policy: on the host that the browser asked.

    Without a scheme it is that of the page, whatever a proxy makes of it on the way here.
    """
    return f"{_host(request)}{datasette.urls.path(FRAME_PATH)}"


def policy_for(policy: str, request: Request) -> str:
    """A policy that was made for ANY_HOST, for the host that a browser asked. Raises BadInput."""
    return policy.replace(f" {ANY_HOST}/", f" {_host(request)}/") if ANY_HOST in policy else policy


def _host(request: Request) -> str:
    host: str = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        raise BadInput("The request's Host header is not the name of a host.")
    return host


def _hash(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest())
    return f"'sha256-{digest.decode()}'"
