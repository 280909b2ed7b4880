"""The verb for settings: config, with show, get, set, edit and path."""

import subprocess
from typing import Annotated, Any

import typer

from .. import settings as config
from . import complete
from .options import Json
from .session import Failure, UsageError, session_of, warn

__all__ = ["VERBS"]

_Key = Annotated[
    str,
    typer.Argument(
        metavar="KEY", help="A setting, as config show names it.", autocompletion=complete.setting_keys
    ),
]


def _config() -> None:
    """See and change the settings."""


def show(ctx: typer.Context, json: Json = False) -> None:
    """Print every setting with its value."""
    session = session_of(ctx)
    values = {key: _value(session.settings, key) for key in config.SCHEMA}
    session.printer(as_json=json).facts(values)


def get(ctx: typer.Context, key: _Key, json: Json = False) -> None:
    """Print the value of one setting."""
    session = session_of(ctx)
    value = _value(session.settings, key)
    if json:
        session.printer(as_json=True).facts({key: value})
    elif value is not None and value != {}:
        from .plain import PlainPrinter

        PlainPrinter(session.settings).value(value)


def set_(
    ctx: typer.Context,
    key: _Key,
    value: Annotated[str | None, typer.Argument(metavar="VALUE", help="What to set it to.")] = None,
    default: Annotated[bool, typer.Option("--default", help="Go back to the default.")] = False,
) -> None:
    """Set one setting; comments in the file stay."""
    if (value is None) != default:
        raise UsageError("give a VALUE, or --default to go back to the default")
    section, _, name = key.partition(".")
    table = section in config.SCHEMA and name
    setting = config.SCHEMA[section] if table else config.find(key)
    if value is None:
        config.save(key, None)
    elif table:
        if section == "keymap":
            _known_keys(name, value)
        config.save(key, value)
    else:
        if key == "app.theme":
            _known_theme(value)
        config.save(key, config.parse(setting, value))
    if session_of(ctx).verbose:
        warn(f"{key} is set in {config.config_file()}")


def edit(ctx: typer.Context) -> int:
    """Open the settings' file in your editor, and check it afterwards."""
    from .compose import editor

    session = session_of(ctx)
    file = config.config_file()
    if not file.exists():
        config.replace_file(file, _starter().encode())
    try:
        settings = session.settings
    except config.SettingsError:
        settings = config.Settings()
    command = editor(settings)
    try:
        code = subprocess.run([*command, str(file)], check=False).returncode  # noqa: S603 - the user's own editor
    except OSError as error:
        raise Failure(f"cannot run the editor {command[0]}: {error.strerror}") from None
    from .keymap import faults

    settings = config.load(file)
    for key in settings.unknown:
        warn(f"{file}: there is no setting {key}; it has no effect")
    for fault in faults(settings.keymap):
        warn(f"{file}: keymap: {fault}")
    return code


def path(ctx: typer.Context, json: Json = False) -> None:
    """Print where the settings' file is."""
    session = session_of(ctx)
    if json:
        session.printer(as_json=True).facts({"path": str(config.config_file())})
    else:
        typer.echo(str(config.config_file()))


def _value(settings: config.Settings, key: str) -> Any:
    section, _, name = key.partition(".")
    if key not in config.SCHEMA and section in config.SCHEMA and name:
        return settings.get(section).get(name)
    value = settings.get(key)
    if isinstance(value, (bool, str)) or value is None:
        return value
    return dict(value) if hasattr(value, "keys") else str(value)


def _known_theme(name: str) -> None:
    from ..themes import theme_names

    names = theme_names(config.themes_dir())
    if name not in names:
        raise UsageError(f"there is no theme {name!r}: use one of {', '.join(names)}")


def _known_keys(name: str, keys: str) -> None:
    from .keymap import faults

    for fault in faults({name: keys}):
        if fault.startswith(("there is no action", f"{name}: ")):
            raise UsageError(fault)
        warn(fault)


def _starter() -> str:
    """A file with every setting at its default, each commented out."""
    lines = ["# mnemo's settings; what is commented out is the default."]
    section = ""
    for key, setting in config.SCHEMA.items():
        head, _, name = key.partition(".")
        if head != section:
            section = head
            lines += ["", f"[{section}]"]
        lines.append(
            f"# {setting.help}" + (f" One of {', '.join(setting.choices)}." if setting.choices else "")
        )
        if name:
            default = setting.default
            shown = str(default).lower() if isinstance(default, bool) else f'"{default or ""}"'
            lines.append(f"# {name} = {shown}")
    return "\n".join(lines) + "\n"


VERBS = {"config": {"": _config, "show": show, "get": get, "set": set_, "edit": edit, "path": path}}
