"""The exception tree. Every message is safe to show and says what to do.

LlmToolsError
├── BadInput            400  what was sent cannot be used as it is
│   └── UploadRejected  400  a file that cannot become a table
├── WrongMethod         405  the address takes another HTTP method
├── NotAllowed          403  a permission is missing
│   └── SqlRejected     403  the SQL guard said no, and to what
├── NotFound            404  no such question, database or table
├── QueryFailed         400  SQLite refused or could not finish the statement
│   └── QueryTimedOut   400  the statement ran into the time or memory limit
├── Conflict            409  something else holds what this needs, or its state does not allow it
├── RunPaused           409  a run cannot go on for now
├── ClientLeft          400  the client went away; nobody reads this
├── LimitReached        429  a limit per question or per server
├── ModelFailed         502  the model broke off or answered nonsense
│   ├── ModelOverloaded 502  a rate limit, overload or a lost connection: later it may work
│   └── ModelUnusable   502  a refused key, a model that is gone: no other prompt will work
├── NoModel             503  no model is installed, keyed or allowed
└── NotInstalled        503  a package that an extra brings is not installed
"""

from __future__ import annotations


class LlmToolsError(Exception):
    """Base of all errors that may reach a person.

    `status` is the HTTP status of the page or JSON that shows the message.
    """

    status = 500

    @property
    def message(self) -> str:
        return str(self)


class BadInput(LlmToolsError):
    """What was sent cannot be used as it is."""

    status = 400


class UploadRejected(BadInput):
    """A file that cannot become a table; nothing was written."""


class WrongMethod(LlmToolsError):
    """The address takes another HTTP method."""

    status = 405


class NotAllowed(LlmToolsError):
    """The actor lacks a permission."""

    status = 403


class SqlRejected(NotAllowed):
    """The SQL guard rejected a statement; `name` is the table, function or limit it met."""

    def __init__(self, message: str, name: str | None = None) -> None:
        super().__init__(message)
        self.name = name


class NotFound(LlmToolsError):
    """No such question, database or table, or none that the actor may see."""

    status = 404


class QueryFailed(LlmToolsError):
    """SQLite refused the statement; the message is SQLite's own."""

    status = 400


class QueryTimedOut(QueryFailed):
    """The statement was stopped at the time or memory limit."""


class Conflict(LlmToolsError):
    """Something else holds what this needs, or its state does not allow it."""

    status = 409


class RunPaused(LlmToolsError):
    """A run cannot go on for now; the message says why and what to do before it is resumed."""

    status = 409


class ClientLeft(LlmToolsError):
    """The client went away and the work was stopped; nobody reads this."""

    status = 400


class LimitReached(LlmToolsError):
    """A limit on model calls, SQL runs, tokens or seconds was reached."""

    status = 429


class ModelFailed(LlmToolsError):
    """The model broke off, timed out, or answered what cannot be used."""

    status = 502


class ModelOverloaded(ModelFailed):
    """A rate limit, overload or a lost connection: the same prompt may work later.

    `retry_after_s` is what the provider asked to wait, in seconds, or None.
    """

    def __init__(
        self, message: str, *, rate_limited: bool = False, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.rate_limited = rate_limited
        self.retry_after_s = retry_after_s


class ModelUnusable(ModelFailed):
    """The key was refused or the model is gone: no other prompt would work either."""


class NoModel(LlmToolsError):
    """No model is installed, has a key, or is allowed for this purpose."""

    status = 503


class NotInstalled(LlmToolsError):
    """A package is not installed that comes with an extra of this one; the message names it."""

    status = 503
