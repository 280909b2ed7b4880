"""Every setting on one screen: mnemo's own, and those of the project's index."""

from __future__ import annotations

from typing import Final

__all__ = ["KEEPING"]

KEEPING: Final = "settings.keep"
"""The backend's group of what is written; it is finished even where the app is left."""
