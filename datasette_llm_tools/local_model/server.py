"""The process that runs llama.cpp; engine.py starts it as a script, so it imports nothing of ours.

xllamacpp holds Python's global lock while it loads a model (1 to 6 s), which would stop every
request of a web server: hence a process of its own. It reads one line of JSON with its settings,
answers one line with its address or an error, and ends when its standard input does, so also
when its parent is killed.

Its HTTP listener is closed to everybody else: loopback only, a random key for each start that
travels over standard input, no pages, no cross-origin answers.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

# Tokens evaluated at a time. A request can be cancelled, and other streams go on, only between
# two batches; 64 measured as fast as 512 on two cores.
BATCH = 64
# Prompts pushed out of a slot stay in memory up to this size: 28 kB a token with the 1.5B model.
CACHE_MIB = 256


def start(settings: dict[str, Any]) -> Any:
    """Load the model and return the running server.

    `settings`: path, key, threads, context (tokens, shared by all slots) and slots.
    """
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = settings["path"]
    params.n_ctx = settings["context"]
    params.n_parallel = settings["slots"]
    params.n_batch = params.n_ubatch = BATCH
    params.cpuparams.n_threads = settings["threads"]
    params.cpuparams_batch.n_threads = settings["threads"]
    params.cont_batching = True
    params.kv_unified = True
    params.cache_prompt = True
    params.cache_ram_mib = CACHE_MIB
    # Idle slots keep their prompts; saving them at every request would empty them.
    params.cache_idle_slots = False
    # The context size is ours to set; guessing it from free memory costs half a second.
    params.fit_params = False
    params.warmup = False
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [settings["key"]]
    params.cors_origins = "null"
    params.ui = params.ui_mcp_proxy = False
    params.endpoint_props = params.endpoint_metrics = False
    params.endpoint_slots = True  # for the holder of the key: is a cancelled request over?
    params.n_threads_http = settings["slots"] + 2
    params.verbosity = 1  # errors only
    return xllamacpp.Server(params)


def main() -> None:
    # The parent decides when this ends; a Ctrl-C in the terminal reaches both.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # As a script its folder comes first on the path and could hide installed modules.
    here = Path(__file__).resolve().parent
    sys.path[:] = [path for path in sys.path if Path(path).resolve() != here]
    try:
        server = start(json.loads(sys.stdin.readline()))
        answer = {"address": server.listening_address}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
    sys.stdin.read()
    # Tearing llama.cpp down in order waits for its work; the system frees everything at once.
    os._exit(0)


if __name__ == "__main__":
    main()
