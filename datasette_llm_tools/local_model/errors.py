"""What can go wrong with the local model; every message may be shown and says what to do.

A subclass of llm's own error, so that whoever drives llm catches it without knowing this plugin.
"""

from __future__ import annotations

from llm.errors import ModelError


class LocalModelError(ModelError):
    """The model file, its runtime or a request to it failed."""


class InstallFailed(LocalModelError):
    """The model file could not be fetched or is not the right one; nothing was put in place."""


class PromptTooLong(LocalModelError):
    """The prompt does not fit the context; it was refused before any of it was evaluated."""
