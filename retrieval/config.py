"""``.mnemosyne/config.toml``: every key, its default, and what it means.

The dataclasses below are the one schema: defaults, validation, the file that ``mnemo init`` writes and the
documentation all come from them. A list in the file takes the place of the default list, so that a user can
narrow a default as well as widen it.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from .errors import ConfigError

__all__ = [
    "AnalyticsConfig",
    "CacheConfig",
    "ChunkingConfig",
    "CompressionConfig",
    "Config",
    "EmbeddingConfig",
    "GeneralConfig",
    "RetrievalConfig",
    "default_text",
    "set_value",
]

IGNORE_PATTERNS = (
    ".git",
    ".hg",
    ".svn",
    ".jj",
    "node_modules",
    "bower_components",
    "__pycache__",
    ".venv",
    "venv",
    ".tox",
    ".nox",
    ".eggs",
    "*.egg-info",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".hypothesis",
    ".gradle",
    ".idea",
    ".vscode",
    ".next",
    ".nuxt",
    ".terraform",
    "*.min.js",
    "*.min.css",
    "*.map",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
)

SECRET_PATTERNS = (
    ".env",
    ".env.*",
    "*.env",
    ".envrc",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".htpasswd",
    ".aws",
    ".ssh",
    ".gnupg",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    "*.tfvars",
    "*.tfvars.json",
    "*.tfstate",
    "*.tfstate.*",
    "credentials",
    "credentials.json",
    "credentials.toml",
    "credentials.yml",
    "credentials.yaml",
    "client_secret*.json",
    "service-account*.json",
    "service_account*.json",
    "secrets.json",
    "secrets.toml",
    "secrets.yml",
    "secrets.yaml",
)

EXTENSIONS = (
    ".py",
    ".pyi",
    ".pyw",
    ".js",
    ".mjs",
    ".cjs",
    ".jsx",
    ".ts",
    ".mts",
    ".cts",
    ".tsx",
    ".go",
    ".rs",
    ".java",
    ".kt",
    ".kts",
    ".cs",
    ".c",
    ".h",
    ".cc",
    ".cpp",
    ".cxx",
    ".hh",
    ".hpp",
    ".hxx",
    ".ipp",
    ".rb",
    ".rake",
    ".gemspec",
    ".php",
    ".swift",
    ".scala",
    ".sc",
    ".lua",
    ".ex",
    ".exs",
    ".hs",
    ".sh",
    ".bash",
    ".zsh",
    ".ksh",
    ".sql",
    ".html",
    ".htm",
    ".css",
    ".scss",
    ".less",
    ".vue",
    ".svelte",
    ".md",
    ".markdown",
    ".mdx",
    ".rst",
    ".txt",
    ".toml",
    ".yaml",
    ".yml",
    ".json",
    ".jsonc",
    ".zig",
)


def _key(default: Any, doc: str, **limits: Any) -> Any:
    return field(default=default, metadata={"doc": doc, **limits})


@dataclass(frozen=True, slots=True)
class GeneralConfig:
    """What is read."""

    project_root: str = _key(".", "Folder to scan, relative to the folder that holds .mnemosyne/, inside it.")
    ignore_patterns: tuple[str, ...] = _key(
        IGNORE_PATTERNS,
        "Names (or, with a slash, paths) of files and folders to leave out, as fnmatch patterns.",
    )
    secret_patterns: tuple[str, ...] = _key(
        SECRET_PATTERNS, "Files that hold secrets: left out as well, and said so."
    )
    respect_gitignore: bool = _key(
        True, "Leave out what .gitignore files leave out (.mnemoignore always counts)."
    )
    max_file_size_kb: int = _key(512, "Larger files are skipped.", minimum=1)
    supported_extensions: tuple[str, ...] = _key(
        EXTENSIONS, "Endings of the files to index; an entry without a leading dot is a whole file name."
    )


@dataclass(frozen=True, slots=True)
class ChunkingConfig:
    """How files are cut."""

    max_chunk_tokens: int = _key(300, "No chunk has more tokens.", minimum=16)
    min_chunk_tokens: int = _key(20, "Smaller pieces join their neighbour.", minimum=0)
    overlap_lines: int = _key(
        3, "Lines shared by neighbouring windows over formats of unknown structure.", minimum=0
    )
    code_granularity: str = _key(
        "function",
        "function: methods are chunks of their own; class: they stay with it.",
        choices=("function", "class"),
    )


@dataclass(frozen=True, slots=True)
class EmbeddingConfig:
    """The vector signal."""

    backend: str = _key("tfidf", "Sparse TF-IDF vectors.", choices=("tfidf",))
    tfidf_max_features: int = _key(
        10_000, "With fusion rrf: terms that vectors have, those of the most chunks.", minimum=1
    )
    tfidf_min_df: int = _key(2, "Vectors leave out terms found in fewer chunks, in rrf.", minimum=1)


@dataclass(frozen=True, slots=True)
class CompressionConfig:
    """How a chunk that does not fit is made smaller."""

    target_ratio: float = _key(0.4, "Share of the characters to keep.", minimum=0.0, maximum=1.0)
    preserve_signatures: bool = _key(True, "Keep the lines of function and class signatures.")
    preserve_docstrings: bool = _key(True, "Keep docstrings.")
    collapse_imports: bool = _key(True, "Sum up blocks of more than three imports.")
    collapse_boilerplate: bool = _key(True, "Sum up runs of plain assignments and of log calls.")


@dataclass(frozen=True, slots=True)
class RetrievalConfig:
    """How a question is answered."""

    fusion: str = _key(
        "learned", "learned weights, or weighted reciprocal ranks (rrf).", choices=("learned", "rrf")
    )
    bm25_weight: float = _key(0.4, "Weight of the full-text signal in rrf.", minimum=0.0)
    vector_weight: float = _key(0.4, "Weight of the vector signal in rrf.", minimum=0.0)
    usage_weight: float = _key(0.2, "Weight of the usage signal in rrf.", minimum=0.0)
    max_results: int = _key(20, "Candidates taken from each signal before fusion.", minimum=1)
    token_budget: int = _key(8000, "Budget of a query that names none.", minimum=1)
    prefetch_min_hits: int = _key(3, "Times a pattern must have been seen before it counts.", minimum=1)


@dataclass(frozen=True, slots=True)
class CacheConfig:
    """The adaptive replacement cache."""

    capacity: int = _key(500, "Entries held (T1 and T2).", minimum=1)
    ghost_capacity: int = _key(1000, "Keys remembered after eviction (B1 and B2).", minimum=0)


@dataclass(frozen=True, slots=True)
class AnalyticsConfig:
    """What is learned from use."""

    decay_halflife_days: float = _key(7, "Days after which a use counts half.", above=0.0)
    session_timeout_minutes: float = _key(30, "Minutes of silence that end a session.", above=0.0)


@dataclass(frozen=True, slots=True)
class Config:
    """All sections; ``unknown`` names what the file holds and mnemo does not know, as ``section.key``."""

    general: GeneralConfig = GeneralConfig()
    chunking: ChunkingConfig = ChunkingConfig()
    embedding: EmbeddingConfig = EmbeddingConfig()
    compression: CompressionConfig = CompressionConfig()
    retrieval: RetrievalConfig = RetrievalConfig()
    cache: CacheConfig = CacheConfig()
    analytics: AnalyticsConfig = AnalyticsConfig()
    unknown: tuple[str, ...] = ()

    @classmethod
    def load(cls, project_dir: str | Path | None = None) -> Config:
        """Read the config of the project in or above ``project_dir`` (default: the working directory).

        A project without a file has the defaults. Raises `ConfigError`, and `NoIndexError` outside any
        project.
        """
        from .project import find_project_dir  # noqa: PLC0415 - project.py needs this module

        return cls.read(find_project_dir(project_dir) / ".mnemosyne" / "config.toml")

    @classmethod
    def read(cls, path: Path) -> Config:
        """Read one file; a missing one gives the defaults. Raises `ConfigError`."""
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            return cls()
        except OSError as error:
            raise ConfigError(f"cannot read {path}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} is not valid TOML: {error}") from error
        return cls.from_dict(data, source=str(path))

    @classmethod
    def from_dict(cls, data: dict[str, Any], *, source: str = "config") -> Config:
        """Validate nested tables on top of the defaults. Raises `ConfigError` naming the key."""
        unknown: list[str] = []
        sections: dict[str, Any] = {}
        for name, values in data.items():
            default = _SECTIONS.get(name)
            if default is None:
                unknown.append(name)
                continue
            if not isinstance(values, dict):
                raise ConfigError(f"{source}: {name} is a section and takes keys, not a value")
            known = {item.name: item for item in fields(default)}
            unknown.extend(f"{name}.{key}" for key in values if key not in known)
            sections[name] = default(
                **{
                    key: _checked(f"{name}.{key}", value, known[key], source)
                    for key, value in values.items()
                    if key in known
                }
            )
        return cls(**sections, unknown=tuple(unknown))


_SECTIONS: dict[str, Any] = {
    "general": GeneralConfig,
    "chunking": ChunkingConfig,
    "embedding": EmbeddingConfig,
    "compression": CompressionConfig,
    "retrieval": RetrievalConfig,
    "cache": CacheConfig,
    "analytics": AnalyticsConfig,
}


def _checked(name: str, value: Any, spec: Any, source: str) -> Any:
    default, limits = spec.default, spec.metadata
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise ConfigError(f"{source}: {name} takes true or false, not {value!r}")
    elif isinstance(default, tuple):
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ConfigError(f"{source}: {name} takes a list of texts, not {value!r}")
        return tuple(value)
    elif isinstance(default, str):
        if not isinstance(value, str):
            raise ConfigError(f"{source}: {name} takes a text, not {value!r}")
    elif isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
        raise ConfigError(f"{source}: {name} takes a number, not {value!r}")
    elif spec.type == "int" and not isinstance(value, int):
        raise ConfigError(f"{source}: {name} takes a whole number, not {value!r}")
    choices = limits.get("choices")
    if choices and value not in choices:
        raise ConfigError(f"{source}: {name} is one of {', '.join(choices)}, not {value!r}")
    if "minimum" in limits and value < limits["minimum"]:
        raise ConfigError(f"{source}: {name} is {limits['minimum']} or more, not {value!r}")
    if "maximum" in limits and value > limits["maximum"]:
        raise ConfigError(f"{source}: {name} is {limits['maximum']} or less, not {value!r}")
    if "above" in limits and value <= limits["above"]:
        raise ConfigError(f"{source}: {name} is more than {limits['above']:g}, not {value!r}")
    return value


def default_text() -> str:
    """The file that ``mnemo init`` writes: every section and key with its default and a comment."""
    import tomlkit  # noqa: PLC0415 - only init and `config set` write

    document = tomlkit.document()
    document.add(
        tomlkit.comment("What mnemo indexes here and how. Every key is optional; these are the defaults.")
    )
    for name, section in _SECTIONS.items():
        table = tomlkit.table()
        for item in fields(section):
            table.add(tomlkit.comment(item.metadata["doc"]))
            value = item.default
            if isinstance(value, tuple):
                array = tomlkit.array()
                array.extend(value)
                value = array.multiline(True)
            table.add(item.name, value)
        document.add(tomlkit.nl())
        document.add(name, table)
    return tomlkit.dumps(document)


def set_value(path: Path, name: str, value: Any) -> None:
    """Set ``section.key`` in the file at ``path``; comments and order stay.

    Raises `ConfigError`; writes whole.
    """
    import tomlkit  # noqa: PLC0415
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    section, _, key = name.partition(".")
    known = {item.name for item in fields(_SECTIONS[section])} if section in _SECTIONS else set()
    if key not in known:
        raise ConfigError(f"there is no key {name}")
    Config.from_dict({section: {key: value}}, source=str(path))
    try:
        document = tomlkit.parse(path.read_text(encoding="utf-8")) if path.exists() else tomlkit.document()
        if section not in document:
            document.add(section, tomlkit.table())
        document[section][key] = value
    except TOMLKitError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    draft = path.with_suffix(".toml.new")
    draft.touch(mode=0o600)
    draft.write_text(tomlkit.dumps(document), encoding="utf-8")
    draft.replace(path)
