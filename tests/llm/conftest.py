from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mnemo.llm.client import Client
from mnemo.llm.pacing import Limits

sys.path.append(str(Path(__file__).parent))
from speaking import Servers, Speaker


@pytest.fixture
def servers() -> Iterator[Servers]:
    made = Servers()
    yield made
    made.close()


@pytest.fixture
def server(servers: Servers) -> Speaker:
    return servers.start()


@pytest.fixture
def client() -> Client:
    """A client that waits for nothing long, and tries at once again."""
    return Client(Limits(connect=20, first_token=20, between_tokens=20), jitter=lambda low, high: 0.0)
