"""Who is asked: the provider that is chosen, then the next, and who answered in the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from .. import settings as config
from .client import Client, FailedError, Reply
from .consent import Consent
from .dialects import Prompt
from .env import read_values
from .errors import NoModelError
from .pacing import Cancel, Limits
from .providers import Provider, Setup, read_setup

__all__ = ["Model", "Router", "open_router"]


class Model(Protocol):
    """Whatever answers prompts."""

    @property
    def context(self) -> int:
        """Tokens that prompt and answer may have together."""

    def converse(
        self,
        prompt: Prompt,
        *,
        on_text: Callable[[str], None] | None = None,
        cancel: Cancel | None = None,
    ) -> Reply:
        """Wait for an answer, see :meth:`Client.converse`."""


class Router:
    """The providers of a setup, as one model; any number of threads may share it.

    Args:
        setup: Who there is and who is chosen.
        ask: Asks the user whether words may be sent to a provider's host; None means no.
        client: Who talks to them.
    """

    def __init__(
        self,
        setup: Setup,
        ask: Callable[[Provider], bool] | None = None,
        client: Client | None = None,
    ) -> None:
        self.setup = setup
        self.consent = Consent(setup.consent, ask)
        self._client = client or Client(Limits(first_token=setup.timeout), temperature=setup.temperature)

    @property
    def context(self) -> int:
        """The smallest window of those who may answer, so that a prompt fits whoever does."""
        return min((provider.context for provider in self.setup.chosen), default=8192)

    def converse(
        self,
        prompt: Prompt,
        *,
        on_text: Callable[[str], None] | None = None,
        cancel: Cancel | None = None,
    ) -> Reply:
        """Ask the chosen provider, and where one fails the next of the cascade.

        Raises:
            NoModelError: nobody answered, and nothing was shown.
            BrokenOffError: an answer broke off after some of it was shown.
            StoppedError: ``cancel`` was called.
        """
        reasons = []
        for provider in self.setup.chosen:
            refusal = self.refusal(provider)
            if refusal:
                reasons.append(refusal)
                continue
            try:
                return self._client.converse(provider, prompt, on_text=on_text, cancel=cancel)
            except FailedError as error:
                reasons.append(str(error))
        raise NoModelError(tuple(reasons))

    def refusal(self, provider: Provider) -> str:
        """Why a provider is not called, in words; empty where it may be.

        Raises:
            SettingsError: the user's config cannot be read.
            OSError: the answer to a question about consent cannot be kept.
        """
        if provider.needs_key and not provider.key:
            return f"{provider.name}: {provider.key_variable} is not set"
        return self.consent.refusal(provider)


def open_router(env_file: Path | None = None, ask: Callable[[Provider], bool] | None = None) -> Router | None:
    """The models that the environment and the user's settings name; None where there are none.

    Raises:
        ProviderError: a variable is malformed, or a file cannot be read.
        SettingsError: the user's config is wrong.
    """
    setup = read_setup(read_values(env_file), config.load().provider)
    return Router(setup, ask) if setup.providers else None
