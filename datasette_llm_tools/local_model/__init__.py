"""An llm plugin of its own: a GGUF file run by llama.cpp on this machine.

Models are registered only when they can be used. llm registers anew at each look-up of a
model, so this does no more than look for files; the runtime is imported by server.py alone.
"""

from __future__ import annotations

from collections.abc import Callable

from llm import hookimpl

from . import files
from .models import AsyncLocalModel, LocalModel


@hookimpl
def register_models(register: Callable[..., None]) -> None:
    """Register the installed model and the user's own GGUF file, where there are any."""
    if not files.has_runtime():
        return
    aliases = ["local"]
    if files.glance(files.QWEN) is files.Status.INSTALLED:
        model_id, path = files.QWEN.model_id, files.path_of(files.QWEN)
        register(
            LocalModel(model_id, path, files.QWEN),
            AsyncLocalModel(model_id, path, files.QWEN),
            aliases=aliases,
        )
        aliases = []
    own = files.own_file()
    if own is not None and own.is_file():
        register(LocalModel(own.stem, own), AsyncLocalModel(own.stem, own), aliases=aliases)
