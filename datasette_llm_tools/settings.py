"""The plugin's configuration, read once into a frozen Settings.

Every field is a key under `plugins: datasette-llm-tools:` in Datasette's
configuration; `help` is what docs/settings.md says of it. A database may
override any of them in its own block; Datasette's `plugin_config(database=)`
ignores the top block then, so the two are merged here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from .errors import BadInput

if TYPE_CHECKING:
    from datasette.app import Datasette

PLUGIN_NAME = "datasette-llm-tools"


_KINDS = {str: "text", int: "a whole number", bool: "true or false"}


def _setting(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class Settings:
    """Limits and defaults. Times are milliseconds or seconds as named, sizes are bytes."""

    model: str | None = _setting(
        None,
        "Model used when nobody chose one; otherwise datasette-llm's default, then the local one.",
    )
    answer_in_words: bool = _setting(
        True, "Whether a paragraph in words follows the rows unless the person switches it off."
    )
    schema_tokens: int = _setting(
        1000, "How many tokens of a prompt the schema may take before tables are ranked and cut."
    )
    max_rows: int = _setting(1000, "Rows of a result that are kept and shown; more is `truncated`.")
    max_result_bytes: int = _setting(
        4_000_000, "Bytes of a result that are kept; more is `truncated`."
    )
    query_ms: int = _setting(5000, "Milliseconds that one statement may run.")
    query_memory_bytes: int = _setting(
        1_000_000_000, "Address space of the process that runs model SQL, in bytes."
    )
    query_workers: int = _setting(2, "Processes kept warm to run model SQL.")
    repairs: int = _setting(2, "How often the model is asked to mend SQL that did not run.")
    candidates: int = _setting(
        8,
        "Statements that a model on this machine may write for one question, of which those that "
        "return the same rows count together; 1 for one statement only.",
    )
    candidates_paid: int = _setting(
        1, "The same for every other model, for which each further statement is a call."
    )
    candidate_seconds: int = _setting(
        6, "Seconds from the first statement on for which further ones are asked for."
    )
    escalation_model: str = _setting(
        "",
        "Model that is asked too where the statements of the first one disagree; none unless "
        "named. Whoever asks must be allowed to use it.",
    )
    escalation_below: int = _setting(
        0,
        "Percent of statements that agree, below which `escalation_model` is asked; 0 for what "
        "the last eval of the database found for the model, and 60 before there is one.",
    )
    mend_names: bool = _setting(
        True,
        "Whether SQL that does not run is mended by rule, before a model is asked to mend it.",
    )
    mend_texts: bool = _setting(
        True,
        "Whether a text that its column does not hold is replaced by one that it holds, and a join "
        "that never matches by one along a key, if nothing is found and one alone can be meant.",
    )
    correct_sql: bool = _setting(
        True,
        "Whether ratios of whole numbers get decimals, groups without an order get one, and two "
        "values that one row is asked for are asked of two rows.",
    )
    verified_pairs: bool = _setting(
        True,
        "Whether answers that were called right serve as examples, and answer the same question "
        "with another value in it without a model.",
    )
    heed_question: bool = _setting(
        True,
        'Whether SQL that forgot an average, a "not" or whom to count is changed by what the '
        "question says.",
    )
    max_model_calls: int = _setting(8, "Model calls that one question may make.")
    max_sql_runs: int = _setting(60, "Statements that one question may run.")
    max_tokens: int = _setting(20_000, "Tokens, in and out together, that one question may use.")
    max_output_tokens: int = _setting(600, "Tokens that one reply of a model may have.")
    max_seconds: int = _setting(
        300, "Seconds that one question may take, loading a local model included."
    )
    investigate_steps: int = _setting(
        8,
        "Steps that an investigation may have, each one model call and at most one statement; a "
        "model on this machine takes at most five, each answered as any question is.",
    )
    investigate_tokens: int = _setting(
        60_000, "Tokens, in and out together, that one investigation may use."
    )
    investigate_seconds: int = _setting(600, "Seconds that one investigation may take.")
    max_questions_at_once: int = _setting(
        100,
        "Questions being answered at the same time on this server, and as many charts and "
        "widgets being written; more are asked to wait, and so is a person who has half of "
        "them under way.",
    )
    enrich_concurrency: int = _setting(
        16, "Rows that a run asks about at the same time unless its owner sets another number."
    )
    enrich_max_concurrency: int = _setting(
        256, "The most rows that anybody may have a run ask about at the same time."
    )
    enrich_runs_at_once: int = _setting(
        4, "Runs that this server works on at the same time; more wait their turn."
    )
    enrich_row_seconds: int = _setting(
        120, "Seconds that a model may take over one row before that attempt counts as failed."
    )
    chart_rows: int = _setting(
        50_000, "Marks that a chart draws; more is said on the chart to be left out."
    )
    widget_rows: int = _setting(
        5_000, "Rows that a widget gets in one page of a query's result; it may ask for the next."
    )
    widget_result_bytes: int = _setting(
        2_000_000, "Bytes that a widget gets in one page of a query's result."
    )
    max_widget_bytes: int = _setting(
        500_000, "Bytes that the HTML of a widget may have, without the libraries it names."
    )
    widget_output_tokens: int = _setting(
        8_000, "Tokens that one reply of a model that writes a widget may have."
    )
    widget_mends: int = _setting(
        2, "How often a widget with errors is sent back to its model without being asked."
    )
    exploration_blocks: int = _setting(200, "Blocks that one exploration may have.")
    exploration_bytes: int = _setting(
        5_000_000, "Bytes that an exploration may have as JSON, without the rows of its blocks."
    )
    max_import_bytes: int = _setting(
        100_000_000, "Largest file of an exploration that is taken in."
    )
    kept_pages_bytes: int = _setting(
        100_000_000, "Memory for published pages that are kept ready for their readers, in bytes."
    )
    embed_sites: str = _setting(
        "",
        "Sites, separated by spaces, that may show published explorations in a frame: "
        "`https://news.example`, `https://*.news.example`; none unless named.",
    )
    attachment_hosts: str = _setting(
        "",
        "Hosts, separated by spaces, whose files may be sent to a model when a column holds "
        "their URLs: `files.example`, `*.files.example` for all below it, `files.example:8080` "
        "for another port; none unless named, and never an address of a private network.",
    )
    max_attachment_bytes: int = _setting(
        20_000_000, "Largest file or BLOB that is sent to a model with a prompt."
    )
    uploads_database: str = _setting(
        "uploads",
        "Database for dropped files when none is chosen: a file of that name, kept beside "
        "the internal database, unless a database of that name is served.",
    )
    evals_database: str = _setting(
        "evals",
        "Database for suites of questions and what came of them: a file of that name, kept beside "
        "the internal database. Only root reads it unless the configuration says otherwise.",
    )
    max_upload_bytes: int = _setting(
        250_000_000, "Largest CSV, TSV or JSON file that may be dropped."
    )


def read_settings(datasette: Datasette, database: str | None = None) -> Settings:
    """Return the settings in force, those of `database` laid over the general ones.

    Raises BadInput, naming the key, for an unknown key or a value of the wrong type.
    """
    config: dict[str, Any] = dict(datasette.plugin_config(PLUGIN_NAME) or {})
    if database is not None:
        config.update(datasette.plugin_config(PLUGIN_NAME, database=database) or {})
    return settings_from(config)


def settings_from(config: dict[str, Any]) -> Settings:
    """Check a configuration block and return it as Settings."""
    known = {each.name: each for each in fields(Settings)}
    for key, value in config.items():
        if key not in known:
            raise BadInput(
                f"{PLUGIN_NAME} has no setting {key!r}; there are {', '.join(sorted(known))}."
            )
        default = known[key].default
        wanted: tuple[type, ...] = (str, type(None)) if default is None else (type(default),)
        if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
            raise BadInput(f"{PLUGIN_NAME}: {key} must be {_KINDS[wanted[0]]}, not {value!r}.")
        if isinstance(value, int) and value < 0:
            raise BadInput(f"{PLUGIN_NAME}: {key} must not be negative.")
    return Settings(**config)
