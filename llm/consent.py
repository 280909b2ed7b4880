"""Whether words may leave the machine for a host: asked once, kept in the user's own config."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from .. import settings as config
from .env import Origin
from .providers import ConsentRule, Provider

__all__ = ["Consent", "State"]

State = Literal["free", "yes", "no", "never", "unasked"]


class Consent:
    """What the user allows, per host.

    Args:
        rule: ``LLM_CONSENT``. ``always`` answers for hosts that the user's own places name, never for
            one that a project's ``.env`` names.
        ask: Asks the user about a provider; None where there is nobody to ask, which means no.
    """

    def __init__(self, rule: ConsentRule = "ask", ask: Callable[[Provider], bool] | None = None) -> None:
        self._rule = rule
        self._ask = ask

    def state(self, provider: Provider) -> State:
        """What is known without asking: ``free`` needs none, ``unasked`` is still to be asked.

        Raises:
            SettingsError: the user's config cannot be read.
        """
        if not provider.needs_consent:
            return "free"
        if self._rule == "never":
            return "never"
        answer = config.load().consent.get(provider.consent_key)
        if answer is not None:
            return "yes" if answer == "yes" else "no"
        if self._rule == "always" and provider.origin is not Origin.PROJECT and not provider.key_of:
            return "yes"
        return "unasked"

    def refusal(self, provider: Provider) -> str:
        """Why nothing may be sent to a provider, in words; empty where it may. Asks where it has to.

        Raises:
            SettingsError: the user's config cannot be read.
            OSError: the answer cannot be kept.
        """
        name, host = provider.name, provider.consent_key
        match self.state(provider):
            case "never":
                return f"{name}: LLM_CONSENT is never, so nothing is sent to {host}"
            case "no":
                return f"{name}: your config says that nothing is sent to {host}"
            case "unasked":
                if self._ask is None:
                    return f"{name}: nobody was there to allow that memories are sent to {host}"
                allowed = self._ask(provider)
                config.save(f"consent.{host}", "yes" if allowed else "no")
                return "" if allowed else f"{name}: nothing is sent to {host}"
        return ""
