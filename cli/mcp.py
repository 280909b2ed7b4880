"""The verb ``mcp``: mnemo's tools for agents, over the Model Context Protocol."""

import typer

from .session import Failure, session_of

__all__ = ["VERBS"]


def mcp(ctx: typer.Context) -> None:
    """Serve queries, outlines, feedback and statistics to an agent (MCP, stdio)."""
    session = session_of(ctx)
    try:
        from .mcp_server import serve
    except ImportError as error:
        if (error.name or "mcp").startswith("mnemo"):
            raise
        raise Failure(f"mnemo mcp needs its extra: {_install_line()}") from None
    serve(session)


def _install_line() -> str:
    """What installs the SDK for this very interpreter, wherever mnemo came from."""
    import sys
    from importlib.metadata import PackageNotFoundError, requires

    try:
        extras = requires("mnemo-tui") or []
    except PackageNotFoundError:  # run from where it lies
        extras = []
    wanted = next((line.partition(";")[0].strip() for line in extras if line.startswith("mcp")), "mcp")
    return f"{sys.executable} -m pip install '{wanted}'"


VERBS = {"mcp": mcp}
