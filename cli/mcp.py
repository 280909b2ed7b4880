"""The verb ``mcp``: mnemo's tools for agents, over the Model Context Protocol."""

from __future__ import annotations

import typer

from .session import Failure, session_of

__all__ = ["VERBS"]


def mcp(ctx: typer.Context) -> None:
    """Serve queries, outlines, feedback and statistics to an agent: MCP on stdin and stdout."""
    session = session_of(ctx)
    try:
        from .mcp_server import serve
    except ImportError as error:
        if (error.name or "mcp").startswith("mnemo"):
            raise
        raise Failure("mnemo mcp needs its extra: pip install 'mnemo-tui[mcp]'") from None
    serve(session)


VERBS = {"mcp": mcp}
