"""How verbs become commands: built when they are called, with global options and plain help."""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from .session import Session

__all__ = ["Root", "Verbs"]

Verbs = Mapping[str, Callable[..., Any] | Mapping[str, Callable[..., Any]]]
"""What a module of verbs offers: functions by name; a mapping is a verb with verbs of its own, and its
empty name says what it is for.

Annotations are evaluated in such a module, and in what all verbs load: those that are texts typer would
compile and evaluate twice each.
"""


def _global_options(
    journal: Annotated[
        Path | None, typer.Option("--journal", metavar="PATH", help="Use this journal instead of your own.")
    ] = None,
    project: Annotated[
        Path | None,
        typer.Option("--project", metavar="DIR", help="Work in this project instead of the one around you."),
    ] = None,
    no_color: Annotated[
        bool, typer.Option("--no-color", help="Write without colour, as with NO_COLOR set.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Log everything that happens, not only what goes wrong.")
    ] = False,
) -> None:
    pass


_GLOBAL: Final = frozenset(("journal", "project", "no_color", "verbose"))
_made: Final[list[Any]] = []


def _global_params() -> list[Any]:
    if not _made:
        single = typer.Typer(add_completion=False)
        single.command()(_global_options)
        _made.extend(get_command(single).params)
    return _made


class _Common:
    """Global options before and after the verb, and help that reads like the documentation."""

    params: list[Any]

    def take_global_options(self, ctx: Any) -> None:
        session = ctx.find_root().obj
        for name in _GLOBAL:
            value = ctx.params.pop(name, None)
            if value:
                setattr(session, name, value if value is True else Path(value))

    def usage(self) -> list[str]:
        """The usage line's words: ``TEXT``, ``[CONCEPT]``, ``FILE...``."""
        words = []
        for param in self.params:
            if param.param_type_name == "argument":
                name = param.human_readable_name + ("..." if param.nargs == -1 else "")
                words.append(name if param.required else f"[{name}]")
        return [*words, "[OPTIONS]"]

    def option_sections(self, ctx: Any, formatter: Any) -> None:
        rows: dict[str, list[Any]] = {"Arguments": [], "Options": [], "Global options": []}
        for param in (*self.params, self.get_help_option(ctx)):  # type: ignore[attr-defined]
            record = param.get_help_record(ctx)
            if record is not None:
                heading = "Arguments" if param.param_type_name == "argument" else "Options"
                rows["Global options" if param.name in _GLOBAL else heading].append(record)
        for heading, records in rows.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)


class _Verb(_Common, TyperCommand):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params = [*self.params, *_global_params()]

    def invoke(self, ctx: Any) -> Any:
        self.take_global_options(ctx)
        return super().invoke(ctx)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return self.usage()

    def format_options(self, ctx: Any, formatter: Any) -> None:
        self.option_sections(ctx, formatter)


class _Group(_Common, TyperGroup):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.params = [*self.params, *_global_params()]

    def invoke(self, ctx: Any) -> Any:
        self.take_global_options(ctx)
        return super().invoke(ctx)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        self.format_commands(ctx, formatter)
        self.option_sections(ctx, formatter)


class _Lazy(MutableMapping[str, Any]):
    """Commands by name, each imported and built when it is asked for."""

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._modules = modules
        self._built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._built:
            verbs: Verbs = import_module(f"{__package__}.{self._modules[name]}").VERBS
            self._built[name] = _build(name, verbs[name])
        return self._built[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._built[name] = command

    def __delitem__(self, name: str) -> None:
        del self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


def _build(name: str, verb: Callable[..., Any] | Mapping[str, Callable[..., Any]]) -> Any:
    if isinstance(verb, Mapping):
        group = typer.Typer(name=name, cls=_Group, add_completion=False, rich_markup_mode=None)
        # A group whose own function takes the context or options does something by itself.
        alone = verb[""].__code__.co_argcount > 0
        group.callback(help=verb[""].__doc__, invoke_without_command=alone)(verb[""])
        for each, function in verb.items():
            if each:
                group.command(each, cls=_Verb)(function)
        return get_command(group)
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command(name, cls=_Verb)(verb)
    return get_command(single)


class Root(_Group):
    """The root command over ``groups``: each verb's module, by the help's heading and the verb's name."""

    groups: Mapping[str, Mapping[str, str]] = {}

    def __init__(self, **kwargs: Any) -> None:
        modules = {name: module for verbs in self.groups.values() for name, module in verbs.items()}
        super().__init__(**{**kwargs, "commands": _Lazy(modules)})

    def list_commands(self, ctx: Any) -> list[str]:
        """The verbs' names, without building any."""
        return list(self.commands)

    def invoke(self, ctx: Any) -> Any:
        """Begin a session and run the verb in it."""
        ctx.obj = Session()
        return super().invoke(ctx)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The verbs, by heading."""
        for heading, verbs in self.groups.items():
            with formatter.section(heading):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(80)) for name in verbs])
