"""What an agent is offered: five tools, answered by the project's daemon or one warm engine in a thread."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from mcp.server import MCPServer  # type: ignore[import-not-found,unused-ignore]
from mcp.server.mcpserver.exceptions import ToolError  # type: ignore[import-not-found,unused-ignore]
from pydantic import Field  # type: ignore[import-not-found,unused-ignore]

from .. import __version__
from ..retrieval.daemon.client import NoDaemonError, call
from ..retrieval.engine import RetrievalEngine
from ..retrieval.errors import RetrievalError
from ..retrieval.locate import find_project_dir
from ..retrieval.project import open_project
from ..retrieval.reply import METHODS
from ..retrieval.reply import query as answer
from ..storage.errors import JournalError
from .inert import one_line

if TYPE_CHECKING:
    from ..retrieval.reply import Reply
    from .session import Session

__all__ = ["INSTRUCTIONS", "serve"]

T = TypeVar("T")

INSTRUCTIONS = (
    "Ask `query` before you read files to answer a question about this codebase: it finds the code that"
    " answers, best first, within a budget of tokens, and brings its index up to date by itself. What it"
    " gave you before comes as a one-line reference, or as a diff where it changed; pass `fresh` when you no"
    " longer have it. Say with `feedback` which places were of use: later answers learn from that."
)


class Tools:
    """The tools, their docstrings what the agent reads. Every call runs in the one thread of the engine."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine")
        self._engine: RetrievalEngine | None = None
        self._name = f"mcp-{uuid.uuid4().hex[:12]}"

    async def query(
        self,
        question: Annotated[str, Field(description="Words, a symbol, a path, an error message, or code.")],
        budget: Annotated[int | None, Field(description="At most so many tokens.", ge=1)] = None,
        path: Annotated[
            str | None, Field(description="Only from files that match, or below a folder.")
        ] = None,
        language: Annotated[str | None, Field(description="Only in this language.")] = None,
        fresh: Annotated[bool, Field(description="Forget what was given before in this session.")] = False,
    ) -> str:
        """Find the code that answers a question, best first, within a budget of tokens."""

        def ask() -> str:
            if not question.strip():
                raise ToolError("the question is empty")
            options = {"path": path, "language": language, "session": self._name, "fresh": fresh}
            reply, notices = self._answered(question, {"budget": budget, "output": "plain", **options})
            if not reply["output"]:
                least = reply["least"]
                notices.append("nothing found" if least is None else f"nothing fits: the best costs {least}")
            return "".join([*(f"[{line}]\n" for line in notices), reply["output"]])

        return await self._run(ask)

    async def outline(
        self, file: Annotated[str, Field(description="Relative to the project's root.")]
    ) -> str:
        """List what a file defines: lines, kinds and signatures."""

        def look() -> str:
            return "\n".join(
                f"{each['line_start']}-{each['line_end']} {each['type']}"
                f" {one_line(each['signature'] or each['symbol'], 200)}"
                for each in self._asked("outline", {"file": file})["entries"]
            )

        return await self._run(look)

    async def feedback(
        self,
        file: Annotated[str, Field(description="The file of a chunk that `query` gave.")],
        line: Annotated[int, Field(description="A line of that chunk.", ge=1)],
        verdict: Literal["used", "ignored"],
    ) -> str:
        """Say whether a chunk that a query gave was of use; later answers learn from it."""

        def note() -> str:
            about = {"file": file, "line": line, "kind": verdict, "session": self._name}
            found = self._asked("feedback", about)
            unknown = "" if found["counts"] else " (no query of this session gave it)"
            return f"{found['chunk']}: {verdict}{unknown}"

        return await self._run(note)

    async def stats(self) -> dict[str, Any]:
        """Count what the index of this project holds."""
        return await self._run(lambda: self._asked("stats", {}))

    async def search_journal(
        self,
        text: Annotated[str, Field(description='Words are AND; OR, "phrases" and prefix* work.')],
        limit: Annotated[int, Field(description="At most so many memories.", ge=1, le=100)] = 10,
    ) -> list[dict[str, Any]]:
        """Search the user's journal, best first."""

        def search() -> list[dict[str, Any]]:
            with self._session.open() as journal:
                return [memory.document() for memory in journal.search(text, limit=limit)]

        return await self._run(search)

    def close(self) -> None:
        """Close the engine in its thread."""
        if self._engine is not None:
            self._thread.submit(self._engine.close).result()
        self._thread.shutdown()

    def _answered(self, question: str, options: dict[str, Any]) -> tuple[Reply, list[str]]:
        """The project's daemon's answer, or our own engine's where none runs, and what to say of it."""
        reply: Reply
        try:
            asked = {"text": question, "refresh": True, **options}
            reply = call(find_project_dir(self._session.project), "query", asked)
        except NoDaemonError:
            engine = self._now()
            reply = answer(engine, question, options)
            return reply, [*reply["notices"], *engine.put_down()]
        return reply, reply["notices"]

    def _asked(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """What one of `METHODS` gives, the project's daemon's or our own engine's where none runs."""
        found: dict[str, Any]
        try:
            found = call(find_project_dir(self._session.project), method, params)
        except NoDaemonError:
            found = METHODS[method](self._now(), **params)
        return found

    def _now(self) -> RetrievalEngine:
        """The engine, opened when it is first needed: a project may get its index while an agent runs."""
        if self._engine is None:
            self._engine = RetrievalEngine(open_project(self._session.project))
        return self._engine

    async def _run(self, work: Callable[[], T]) -> T:
        def guarded() -> T:
            try:
                return work()
            except (RetrievalError, JournalError, OSError) as error:
                raise ToolError(one_line(str(error), 1000)) from error

        return await asyncio.get_running_loop().run_in_executor(self._thread, guarded)


def serve(session: Session) -> None:
    """Serve on stdin and stdout until the client goes."""
    tools = Tools(session)
    server = MCPServer("mnemo", version=__version__, instructions=INSTRUCTIONS, log_level="ERROR")
    offered: list[Callable[..., Any]] = [tools.query, tools.outline, tools.feedback, tools.stats]
    if session.settings.mcp_journal:
        offered.append(tools.search_journal)
    for tool in offered:
        server.add_tool(tool)
    try:
        server.run("stdio")
    finally:
        tools.close()
