"""``.mnemosyne/config.toml``: every key, its default, and what it means.

The classes below are the one schema: defaults, validation, the file that ``mnemo init`` writes and the
documentation all come from them; what a `Key` says is looked at only by who validates or writes. A list in
the file takes the place of the default list, so that a user can narrow a default as well as widen it.
"""

import math
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, Self, dataclass_transform, get_type_hints

from .errors import ConfigError
from .locate import INDEX_DIR, find_project_dir

__all__ = [
    "DEFAULT_TEXT",
    "AnalyticsConfig",
    "CacheConfig",
    "ChunkingConfig",
    "CompressionConfig",
    "Config",
    "EmbeddingConfig",
    "GeneralConfig",
    "Key",
    "RetrievalConfig",
    "default_text",
    "every_key",
    "set_value",
]

# A line for each of them would hide the schema.
# fmt: off
IGNORE_PATTERNS = (
    ".git", ".hg", ".svn", ".jj", "node_modules", "bower_components", "__pycache__", ".venv", "venv", ".tox",
    ".nox", ".eggs", "*.egg-info", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".gradle",
    ".idea", ".vscode", ".next", ".nuxt", ".terraform", "*.min.js", "*.min.css", "*.map", "package-lock.json",
    "npm-shrinkwrap.json", "pnpm-lock.yaml",
)

SECRET_PATTERNS = (
    ".env", ".env.*", "*.env", ".envrc", ".netrc", ".npmrc", ".pypirc", ".pgpass", ".htpasswd", ".aws",
    ".ssh", ".gnupg", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "id_rsa*",
    "id_dsa*", "id_ecdsa*", "id_ed25519*", "*.tfvars", "*.tfvars.json", "*.tfstate", "*.tfstate.*",
    "credentials", "credentials.json", "credentials.toml", "credentials.yml", "credentials.yaml",
    "client_secret*.json", "service-account*.json", "service_account*.json", "secrets.json", "secrets.toml",
    "secrets.yml", "secrets.yaml",
)

EXTENSIONS = (
    ".py", ".pyi", ".pyw", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".go", ".rs",
    ".java", ".kt", ".kts", ".cs", ".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".ipp", ".rb",
    ".rake", ".gemspec", ".php", ".swift", ".scala", ".sc", ".lua", ".ex", ".exs", ".hs", ".sh", ".bash",
    ".zsh", ".ksh", ".sql", ".html", ".htm", ".css", ".scss", ".less", ".vue", ".svelte", ".md", ".markdown",
    ".mdx", ".rst", ".txt", ".toml", ".yaml", ".yml", ".json", ".jsonc", ".zig", ".csx", ".c++", ".h++",
    ".inl", ".tpp", ".cu", ".cuh", ".ru", ".phtml", ".sbt", ".zon", ".bats", ".clj", ".cljs", ".cljc",
    ".cmake", ".cr", ".pyx", ".pxd", ".pxi", ".d", ".dart", ".dockerfile", ".erl", ".hrl", ".f90", ".f95",
    ".f03", ".f08", ".fs", ".fsi", ".fsx", ".glsl", ".vert", ".frag", ".comp", ".wgsl", ".hlsl", ".metal",
    ".graphql", ".gql",
    ".groovy", ".gradle", ".tf", ".hcl", ".jl", ".el", ".lisp", ".scm", ".rkt", ".mk", ".nim", ".nix", ".m",
    ".mm", ".ml", ".mli", ".pl", ".pm", ".ps1", ".psm1", ".proto", ".r", ".sol", ".v", ".sv", ".svh", ".vim",
    ".xhtml", ".jinja", ".jinja2", ".j2", ".erb", ".ejs", ".hbs", ".twig", ".liquid", ".cshtml", ".heex",
    ".sass", ".tcss", ".text", ".adoc", ".ini", ".cfg", ".json5", "Dockerfile", "GNUmakefile", "Gemfile",
    "Jenkinsfile", "Makefile", "Rakefile",
)
# fmt: on


class Key(NamedTuple):
    """What a key means, and which values it takes."""

    doc: str
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    choices: tuple[str, ...] = ()


@dataclass_transform(kw_only_default=True, frozen_default=True)
class _Section:  # noqa: PLW1641 - no dataclass that is compared can be hashed either
    """A table of the file: a key for each annotated name, at its default unless it is given.

    No named tuple: to make the classes of seven would take a query longer than to read the file.
    """

    def __init__(self, **given: Any) -> None:
        vars(self).update(given)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.as_dict() == self.as_dict()

    def __repr__(self) -> str:  # an index keeps it, and holds it against that of another process
        return f"{type(self).__name__}({self.as_dict()})"

    def as_dict(self) -> dict[str, Any]:
        """Every key with its value."""
        return {name: getattr(self, name) for name in type(self).__annotations__}


class GeneralConfig(_Section):
    """What is read."""

    project_root: Annotated[
        str, Key("Folder to scan, relative to the folder that holds .mnemosyne/, inside it.")
    ] = "."
    ignore_patterns: Annotated[
        tuple[str, ...],
        Key("Names (or, with a slash, paths) of files and folders to leave out, as fnmatch patterns."),
    ] = IGNORE_PATTERNS
    secret_patterns: Annotated[
        tuple[str, ...], Key("Files that hold secrets: left out as well, and said so.")
    ] = SECRET_PATTERNS
    respect_gitignore: Annotated[
        bool, Key("Leave out what .gitignore files leave out (.mnemoignore always counts).")
    ] = True
    max_file_size_kb: Annotated[int, Key("Larger files are skipped.", minimum=1)] = 512
    supported_extensions: Annotated[
        tuple[str, ...],
        Key("Endings of the files to index; an entry without a leading dot is a whole file name."),
    ] = EXTENSIONS


class ChunkingConfig(_Section):
    """How files are cut."""

    max_chunk_tokens: Annotated[int, Key("No chunk has more tokens.", minimum=16)] = 300
    min_chunk_tokens: Annotated[int, Key("Smaller pieces join their neighbour.", minimum=0)] = 20
    overlap_lines: Annotated[
        int, Key("Lines shared by neighbouring windows over formats of unknown structure.", minimum=0)
    ] = 3
    code_granularity: Annotated[
        str,
        Key(
            "function: methods are chunks of their own; class: they stay with it.",
            choices=("function", "class"),
        ),
    ] = "function"


class EmbeddingConfig(_Section):
    """The vector signal."""

    backend: Annotated[str, Key("Sparse TF-IDF vectors.", choices=("tfidf",))] = "tfidf"
    tfidf_max_features: Annotated[
        int, Key("With fusion rrf: terms that vectors have, those of the most chunks.", minimum=1)
    ] = 10_000
    tfidf_min_df: Annotated[int, Key("Vectors leave out terms found in fewer chunks, in rrf.", minimum=1)] = 2


class CompressionConfig(_Section):
    """How a chunk that does not fit is made smaller."""

    target_ratio: Annotated[float, Key("Share of the characters to keep.", minimum=0.0, maximum=1.0)] = 0.4
    preserve_signatures: Annotated[bool, Key("Keep the lines of function and class signatures.")] = True
    preserve_docstrings: Annotated[bool, Key("Keep docstrings.")] = True
    collapse_imports: Annotated[bool, Key("Sum up blocks of more than three imports.")] = True
    collapse_boilerplate: Annotated[bool, Key("Sum up runs of plain assignments and of log calls.")] = True


class RetrievalConfig(_Section):
    """How a question is answered."""

    fusion: Annotated[
        str, Key("learned weights, or weighted reciprocal ranks (rrf).", choices=("learned", "rrf"))
    ] = "learned"
    bm25_weight: Annotated[float, Key("Weight of the full-text signal in rrf.", minimum=0.0)] = 0.4
    vector_weight: Annotated[float, Key("Weight of the vector signal in rrf.", minimum=0.0)] = 0.4
    usage_weight: Annotated[float, Key("Weight of the usage signal in rrf.", minimum=0.0)] = 0.2
    max_results: Annotated[int, Key("Candidates taken from each signal before fusion.", minimum=1)] = 20
    token_budget: Annotated[int, Key("Budget of a query that names none.", minimum=1)] = 8000
    prefetch_min_hits: Annotated[
        int, Key("Times a pattern must have been seen before it counts.", minimum=1)
    ] = 3


class CacheConfig(_Section):
    """The adaptive replacement cache."""

    capacity: Annotated[int, Key("Entries held (T1 and T2).", minimum=1)] = 500
    ghost_capacity: Annotated[int, Key("Keys remembered after eviction (B1 and B2).", minimum=0)] = 1000


class AnalyticsConfig(_Section):
    """What is learned from use."""

    decay_halflife_days: Annotated[float, Key("Days after which a use counts half.", above=0.0)] = 7
    session_timeout_minutes: Annotated[float, Key("Minutes of silence that end a session.", above=0.0)] = 30


class Config(NamedTuple):
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
    def load(cls, project_dir: str | Path | None = None) -> Self:
        """Read the config of the project in or above ``project_dir`` (default: the working directory).

        A project without a file has the defaults. Raises `ConfigError`, and `NoIndexError` outside any
        project.
        """
        return cls.read(find_project_dir(project_dir) / INDEX_DIR / "config.toml")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read one file; a missing one gives the defaults. Raises `ConfigError`."""
        try:
            written = path.read_bytes()
        except FileNotFoundError:
            return cls()
        except OSError as error:
            raise ConfigError(f"cannot read {path}: {error.strerror}") from error
        if (len(written), zlib.crc32(written)) == DEFAULT_TEXT:
            return cls()
        import tomllib  # noqa: PLC0415 - a file as `init` writes it is not parsed

        try:
            data = tomllib.loads(written.decode("utf-8-sig"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} is not valid TOML: {error}") from error
        return cls.from_dict(data, source=str(path))

    @classmethod
    def from_dict(cls, data: dict[str, Any], *, source: str = "config") -> Self:
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
            known = _keys(default)
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


DEFAULT_TEXT: Final = (5_310, 0xA6980C67)
"""Length and CRC-32 of `default_text`, by which a file that nobody has changed is known."""


class _Spec(NamedTuple):
    type: object
    default: Any
    key: Key


@cache
def _keys(section: Any) -> dict[str, _Spec]:
    return {
        name: _Spec(hint.__origin__, getattr(section, name), hint.__metadata__[0])
        for name, hint in get_type_hints(section, include_extras=True).items()
    }


def every_key() -> Iterator[tuple[str, type, Any, Key]]:
    """Each key as ``section.name`` with its type, its default and what it means, in the file's order."""
    for section, kind in _SECTIONS.items():
        for name, spec in _keys(kind).items():
            yield (
                f"{section}.{name}",
                type(spec.default) if spec.type is not float else float,
                spec.default,
                spec.key,
            )


def _checked(name: str, value: Any, spec: _Spec, source: str) -> Any:
    default, key = spec.default, spec.key
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
    elif spec.type is int and not isinstance(value, int):
        raise ConfigError(f"{source}: {name} takes a whole number, not {value!r}")
    if key.choices and value not in key.choices:
        raise ConfigError(f"{source}: {name} is one of {', '.join(key.choices)}, not {value!r}")
    if key.minimum is not None and value < key.minimum:
        raise ConfigError(f"{source}: {name} is {key.minimum} or more, not {value!r}")
    if key.maximum is not None and value > key.maximum:
        raise ConfigError(f"{source}: {name} is {key.maximum} or less, not {value!r}")
    if key.above is not None and value <= key.above:
        raise ConfigError(f"{source}: {name} is more than {key.above:g}, not {value!r}")
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
        for key, spec in _keys(section).items():
            table.add(tomlkit.comment(spec.key.doc))
            value = spec.default
            if isinstance(value, tuple):
                array = tomlkit.array()
                array.extend(value)
                value = array.multiline(True)
            table.add(key, value)
        document.add(tomlkit.nl())
        document.add(name, table)
    return tomlkit.dumps(document)


def set_value(path: Path, name: str, value: Any) -> None:
    """Set ``section.key`` in the file at ``path``; comments and order stay.

    Raises `ConfigError`, and OSError where the file cannot be written: the old one stands.
    """
    from ..places import replace_file  # noqa: PLC0415
    from ..settings import edited  # noqa: PLC0415

    section, _, key = name.partition(".")
    if section not in _SECTIONS or key not in _keys(_SECTIONS[section]):
        raise ConfigError(f"there is no key {name}")
    Config.from_dict({section: {key: value}}, source=str(path))
    try:
        text = path.read_bytes().decode("utf-8-sig") if path.exists() else ""
        text = edited(text, section, key, value)
    except ValueError:
        raise ConfigError(
            f"{path}: {name} cannot be changed in a file written like this: edit it by hand"
        ) from None
    replace_file(path, text.encode())
