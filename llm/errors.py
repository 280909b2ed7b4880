"""The few errors that talking to a model raises on purpose.

Each message is one line of mnemo's own words. What a server sent, and what was sent to it, is never part
of one: either may quote a memory or a key.
"""

from __future__ import annotations

__all__ = ["BrokenOffError", "ModelError", "NoModelError", "ProviderError", "StoppedError"]


class ModelError(Exception):
    """Base of everything that this layer raises on purpose."""


class ProviderError(ModelError):
    """A variable that describes a provider is wrong; the message names it and where it stands."""


class NoModelError(ModelError):
    """No model answered; ``reasons`` says why, a line for each provider that was thought of."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__("; ".join(reasons) or "no provider is set up")
        self.reasons = reasons


class BrokenOffError(ModelError):
    """The answer broke off after some of it had been shown."""


class StoppedError(ModelError):
    """Whoever asked wanted no answer any more."""
