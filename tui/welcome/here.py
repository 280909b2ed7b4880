"""Where the app runs, and whether anything is set up there yet. Knows no screen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ...settings import Settings

__all__ = ["Here", "look_around"]


class Here(NamedTuple):
    """The journal, the folder whose code is asked, and what is known of them when the app starts."""

    journal: Path = Path("journal.mnheme")
    folder: Path = Path()
    bare: bool = False
    """Whether nothing is set up: no journal, no index, no model; and the user has not been asked before."""
    demo: bool = False
    """Whether both are the demo's."""


def look_around(settings: Settings, journal: Path, project_dir: Path | None) -> Here:
    """What is here; looks no further than the first thing that is set up."""
    folder = (project_dir or Path()).absolute()
    return Here(journal, folder, settings.welcome and not journal.exists() and _bare(folder, settings))


def _bare(folder: Path, settings: Settings) -> bool:
    from ...llm.env import read_values  # noqa: PLC0415
    from ...llm.errors import ModelError  # noqa: PLC0415 -- only who has no journal yet pays for it
    from ...llm.providers import read_setup  # noqa: PLC0415
    from ...retrieval.errors import NoIndexError  # noqa: PLC0415
    from ...retrieval.locate import find_project_dir  # noqa: PLC0415

    try:
        if read_setup(read_values(), settings.provider).providers:
            return False
        find_project_dir(folder)
    except NoIndexError:
        return True
    except (ModelError, OSError):
        return False  # somebody has begun to set it up
    return False
