"""The verb for models: providers, with --check and use."""

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .. import settings as config
from .mind import EnvFile
from .options import Json
from .session import UsageError, session_of, warn

if TYPE_CHECKING:
    from ..llm.providers import Provider, Setup
    from ..llm.router import Router

__all__ = ["VERBS"]


def _providers(
    ctx: typer.Context,
    check: Annotated[
        bool, typer.Option("--check", help="Ask each for one word; nothing of yours is sent.")
    ] = False,
    env_file: EnvFile = None,
    json: Json = False,
) -> int:
    """List the models that are set up, or choose one.

    A line such as OLLAMA_MODEL=llama3.2 in .env of the config folder sets one up.
    """
    if ctx.invoked_subcommand:
        return 0
    from ..llm.router import Router

    session = session_of(ctx)
    setup = _setup(session.settings, env_file)
    for notice in setup.notices:
        warn(notice)
    router = Router(setup)
    rows = [_row(provider, router) for provider in setup.providers.values()]
    failed = False
    if check:
        for at, provider in enumerate(setup.providers.values()):
            rows[at] |= _checked(provider, setup, router)
            failed |= provider in setup.chosen and bool(rows[at]["problem"])
    if rows or json:
        session.printer(as_json=json).rows(rows)
    else:
        file = config.config_dir() / ".env"
        warn(f"no model is set up, so mnemo answers by itself; OLLAMA_MODEL=llama3.2 in {file} sets one up")
    return 1 if failed else 0


def _use(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A provider that is set up.")],
    env_file: EnvFile = None,
) -> int:
    """Choose the provider that is asked first, in your own config."""
    from ..llm.env import read_values

    session = session_of(ctx)
    setup = _setup(session.settings, env_file)
    chosen = name.upper()
    if chosen not in setup.providers:
        there = ", ".join(setup.providers) or "none is"
        raise UsageError(f"{name} is not set up ({there}): it needs {chosen}_MODEL")
    config.save("mind.provider", chosen)
    nearer = read_values(env_file).get("ACTIVE_PROVIDER")
    if nearer is not None and nearer.text.strip().upper() != chosen:
        warn(f"ACTIVE_PROVIDER in {nearer.where} names another, and wins")
    return 0


def _setup(settings: config.Settings, env_file: Path | None) -> "Setup":
    from ..llm.env import read_values
    from ..llm.providers import read_setup

    return read_setup(read_values(env_file), settings.provider)


def _row(provider: "Provider", router: "Router") -> dict[str, Any]:
    chosen = router.setup.chosen
    consent = router.consent.state(provider)
    problem = f"{provider.key_variable} is not set" if provider.needs_key and not provider.key else ""
    if consent in ("no", "never"):
        problem = problem or router.refusal(provider).partition(": ")[2]
    return {
        "name": provider.name,
        "model": provider.model,
        "url": provider.address.shown,
        "rpm": provider.rpm,
        "consent": consent,
        "asked": chosen.index(provider) + 1 if provider in chosen else None,
        "ready": not problem,
        "problem": problem,
    }


def _checked(provider: "Provider", setup: "Setup", router: "Router") -> dict[str, Any]:
    """Whether a provider answers: its own key goes to its own host, and no word of the user's."""
    from ..llm.client import Client
    from ..llm.dialects import Prompt
    from ..llm.env import Origin
    from ..llm.errors import ModelError
    from ..llm.pacing import Limits

    foreign = provider.origin is Origin.PROJECT or bool(provider.key_of)
    consent = router.consent.state(provider)
    if (provider.needs_key and not provider.key) or (foreign and consent not in ("free", "yes")):
        return {"seconds": None}
    start = perf_counter()
    client = Client(Limits(first_token=setup.timeout, attempts=1), temperature=setup.temperature)
    try:
        client.converse(provider, Prompt("You answer with one word.", "Say hello.", max_tokens=256))
    except ModelError as error:
        return {"ready": False, "problem": str(error).partition(": ")[2], "seconds": None}
    return {"seconds": round(perf_counter() - start, 2)}


VERBS = {"providers": {"": _providers, "use": _use}}
