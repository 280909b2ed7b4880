"""The MCP server as an agent's client meets it: a process on pipes, spoken to by the official SDK."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mnemo.retrieval.daemon import control
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.storage import MemoryDB

pytest.importorskip("mcp")
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

COMMAND = str(Path(sys.executable).parent / "mnemo")
CART = "class Cart:\n    def total_price(self):\n        return sum(item.price for item in self.items)\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    (root / "cart.py").write_text(CART)
    with RetrievalEngine.open(root) as engine:
        engine.ingest()
    return root


@asynccontextmanager
async def client(project: Path, *args: str) -> AsyncIterator[ClientSession]:
    server = StdioServerParameters(command=COMMAND, args=["mcp", *args], cwd=project, env=dict(os.environ))
    with open(os.devnull, "w") as silent:
        async with stdio_client(server, errlog=silent) as streams, ClientSession(*streams) as session:
            await session.initialize()
            yield session


async def call(session: ClientSession, name: str, **arguments: Any) -> tuple[bool, str]:
    result: Any = await session.call_tool(name, arguments)
    return bool(result.is_error), "\n".join(content.text for content in result.content)


async def test_a_session_of_an_agent_from_first_question_to_feedback(project: Path) -> None:
    async with client(project) as session:
        tools = {tool.name for tool in (await session.list_tools()).tools}
        assert tools == {"query", "outline", "feedback", "stats"}

        failed, text = await call(session, "query", question="total price of the cart", budget=2000)
        assert not failed
        assert "return sum(item.price" in text
        assert (await call(session, "query", question="total price of the cart"))[1].count(
            "unchanged since"
        ) == 1

        path = project / "cart.py"
        path.write_text(CART.replace("sum(", "round(sum(").replace("items)", "items), 2)"))
        _, text = await call(session, "query", question="total price of the cart")
        assert "round(sum(" in text
        _, text = await call(session, "query", question="total price of the cart", fresh=True)
        assert "class Cart" in text

        assert (await call(session, "outline", file="cart.py"))[1] == "1-3 class class Cart"
        failed, text = await call(session, "feedback", file="cart.py", line=3, verdict="used")
        assert not failed
        assert text.endswith(": used")
        assert '"files": 1' in (await call(session, "stats"))[1].replace('":1', '": 1')
    with RetrievalEngine.open(project) as engine:
        assert engine.query("total price")[0].scores["usage"] > 0


async def test_what_fails_is_told_and_ends_nothing(project: Path) -> None:
    async with client(project) as session:
        for name, arguments, message in (
            ("query", {"question": "  "}, "the question is empty"),
            ("query", {"question": "cart", "budget": 0}, "budget"),
            ("outline", {"file": "none.py"}, "none.py is not in the index"),
            ("outline", {"file": "../../etc/passwd"}, "outside"),
            ("feedback", {"file": "cart.py", "line": 99, "verdict": "used"}, "no indexed chunk"),
        ):
            failed, text = await call(session, name, **arguments)
            assert failed
            assert message in text
        assert "nothing found" in (await call(session, "query", question="zzzqqq"))[1]
        assert not (await call(session, "stats"))[0]


async def test_without_an_index_the_agent_is_told_what_to_do(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        failed, text = await call(session, "query", question="anything")
        assert failed
        assert "mnemo init" in text


async def test_the_journal_is_searched_only_where_the_users_own_settings_allow_it(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.mkdir()
    monkeypatch.setenv("MNEMO_CONFIG", str(config))
    journal = tmp_path / "journal.mnheme"
    with MemoryDB(journal) as db:
        db.remember("sea", "joy", "Swam before breakfast.")
    async with client(project, "--journal", str(journal)) as session:
        assert "search_journal" not in {tool.name for tool in (await session.list_tools()).tools}
        assert (await call(session, "search_journal", text="breakfast"))[0]
    (config / "config.toml").write_text("[mcp]\njournal = true\n")
    async with client(project, "--journal", str(journal)) as session:
        failed, text = await call(session, "search_journal", text="breakfast")
        assert not failed, text
        assert "Swam before breakfast." in text


def test_without_the_extra_one_line_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "mcp.py").write_text("raise ImportError('not installed')\n")
    done = subprocess.run(
        [COMMAND, "mcp"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    python = f"mnemo: mnemo mcp needs its extra: {Path(sys.executable).parent}/python"
    assert done.stderr.startswith(python)
    assert " -m pip install 'mcp" in done.stderr
    assert "<3" in done.stderr
    assert done.stderr.count("\n") == 1


async def test_a_running_daemon_answers_and_its_end_is_not_noticed(project: Path) -> None:
    control.start(project, idle=600)
    try:
        async with client(project) as session:
            _, text = await call(session, "query", question="total price of the cart")
            assert "return sum(item.price" in text
            assert control.status(project)["workers"] == 1  # type: ignore[index]
            _, text = await call(session, "feedback", file="cart.py", line=3, verdict="used")
            assert text.endswith(": used")
            before = control.status(project)["requests"]  # type: ignore[index]
            assert (await call(session, "outline", file="cart.py"))[1] == "1-3 class class Cart"
            assert '"files":1' in (await call(session, "stats"))[1].replace(" ", "")
            assert control.status(project)["requests"] == before + 3  # type: ignore[index]
            control.stop(project)
            assert (await call(session, "outline", file="cart.py"))[1] == "1-3 class class Cart"
            _, text = await call(session, "query", question="total price of the cart")
            assert "unchanged since" in text
    finally:
        control.stop(project)
