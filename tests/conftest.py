"""What holds for every test: hypothesis draws examples, and never judges by the clock.

Nearly every test starts a Datasette of its own, which would compile each template anew: what was
compiled is kept between them, by the text of the template.
"""

from __future__ import annotations

from datasette import hookimpl
from datasette.plugins import pm
from hypothesis import settings
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


class CompiledTemplates(BytecodeCache):
    """A plugin of Datasette that keeps templates compiled, for as long as the tests run."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], bytes] = {}

    @hookimpl
    def prepare_jinja2_environment(self, env: Environment) -> None:
        env.bytecode_cache = self

    def load_bytecode(self, bucket: Bucket) -> None:
        if kept := self._kept.get((bucket.key, bucket.checksum)):
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


pm.register(CompiledTemplates(), "compiled-templates")
