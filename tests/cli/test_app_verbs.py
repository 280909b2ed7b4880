"""config, themes, doctor, and what the shell completes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mnemo import MemoryDB
from mnemo import settings as config

Cli = Callable[..., Any]


def test_config_shows_gets_and_sets(cli: Cli) -> None:
    assert list(cli("config", "show", "--json").json) == list(config.SCHEMA)
    assert cli("config", "get", "app.theme").out == "dark\n"
    cli("config", "set", "app.theme", "mono")
    cli("config", "set", "app.animations", "off")
    cli("config", "set", "keymap.app.blank", "f8")
    assert cli("config", "get", "app.animations", "--json").json == {"app.animations": False}
    assert cli("config", "get", "keymap.app.blank").out == "f8\n"
    assert "app.theme: mono" in cli("config", "show").out.splitlines()
    cli("config", "set", "app.theme", "--default")
    assert cli("config", "get", "app.theme").out == "dark\n"
    assert cli("config", "path").out == f"{config.config_file()}\n"


def test_config_refuses_in_one_line(cli: Cli) -> None:
    assert "did you mean app.theme?" in cli("config", "get", "app.them", code=1).err
    assert "there is no theme 'pink'" in cli("config", "set", "app.theme", "pink", code=2).err
    assert "must be true or false" in cli("config", "set", "app.animations", "maybe", code=1).err
    assert "give a VALUE" in cli("config", "set", "app.theme", code=2).err
    assert "did you mean app.blank?" in cli("config", "set", "keymap.app.blnk", "f9", code=2).err
    assert "there is no key ctrl+foo" in cli("config", "set", "keymap.app.blank", "ctrl+foo", code=2).err
    assert not config.config_file().exists()


def test_keys_that_cannot_be_are_told(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    said = cli("config", "set", "keymap.app.quit", "space").err
    assert "space is both cache.play and app.quit" in said, "it may be, but it is told"
    assert config.load().keymap == {"app.quit": "space"}
    config.save("keymap.app.blnk", "f9")
    from mnemo.cli.app import run

    assert run(["doctor", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert "keymap: there is no action app.blnk: did you mean app.blank?" in told["faults"]
    assert "journal" in told, "the rest is looked at all the same"


def test_config_edit_begins_with_every_setting_and_checks_the_result(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "editor.py"
    script.write_text("import sys\nopen(sys.argv[1], 'a').write('\\n[future]\\nx = 1\\n')\n")
    monkeypatch.setenv("EDITOR", f"{sys.executable} {script}")
    assert "there is no setting future.x" in cli("config", "edit").err
    text = config.config_file().read_text()
    for key in config.SCHEMA:
        assert f"{key.partition('.')[2] or f'[{key}]'}" in text
    assert config.load().theme == config.Settings().theme


def test_a_broken_settings_file_stops_no_repair(cli: Cli) -> None:
    file = config.config_file()
    file.parent.mkdir(parents=True)
    file.write_text("[app]\nanimations = 3\n")
    assert f"{file}: app.animations must be true or false, not 3" in cli("recall", code=1).err
    assert cli("config", "path").out == f"{file}\n"
    cli("config", "set", "app.animations", "true")
    assert cli("recall", "--json").json == []


def test_themes_marks_the_chosen_one(cli: Cli, home: Path) -> None:
    rows = cli("themes", "--json").json
    assert [row["theme"] for row in rows if row["chosen"]] == ["dark"]
    own = config.themes_dir()
    own.mkdir(parents=True)
    (own / "mine.toml").write_text('label = "Mine"\n')
    (own / "bad.toml").write_text("label = 3\n")
    result = cli("themes", "--json")
    assert "mine" in [row["theme"] for row in result.json]
    assert "bad.toml: label must be text" in result.err


def test_doctor(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "own" / "j.mnheme"
    with MemoryDB(path) as db:
        db.remember("a", "joy", "x")
    facts = cli("doctor", "--json", "--journal", path).json
    assert facts["faults"] == []
    assert (facts["journal"]["journal"], facts["journal"]["memories"]) == (str(path), 1)
    assert facts["disk"]["locks"] == "work"
    assert facts["disk"]["fsync_ms"] > 0
    assert facts["settings"]["log"] == str(config.log_file())
    assert "faults: none" in cli("doctor", "--journal", path).out.splitlines()


def test_doctor_says_what_is_wrong(cli: Cli, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from mnemo.cli.app import run

    path = tmp_path / "j.mnheme"
    with MemoryDB(path) as db:
        db.remember("a", "joy", "x")
    path.chmod(0o644)
    assert run(["doctor", "--journal", str(path)]) == 1
    assert f"faults: {path} can be read by others: chmod 600 {path}" in capsys.readouterr().out
    config.config_file().parent.mkdir(parents=True)
    config.config_file().write_text("[app\n")
    assert run(["doctor"]) == 1
    assert "it is not TOML" in capsys.readouterr().out


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no folder here that even root cannot write")
def test_doctor_goes_on_past_a_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from mnemo.cli.app import run

    file = config.config_file()
    file.parent.mkdir(parents=True)
    file.write_text("")
    file.chmod(0o644)
    monkeypatch.setenv("MNEMO_FILES_DIR", "/proc/none/files")
    assert run(["doctor", "--json", "--journal", str(tmp_path / "j.mnheme")]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["faults"][0] == f"{file} can be read by others: chmod 600 {file}"
    assert told["faults"][1].startswith("cannot write in /proc: ")
    assert told["journal"]["journal"] == str(tmp_path / "j.mnheme")
    assert told["disk"]["locks"] == "work"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("mnemo rec", {"recall"}),
        ("mnemo recall Al", {"Alps"}),
        ("mnemo recall --tag hi", {"hiking"}),
        ("mnemo recall --feeling gio", {"gioia"}),
        ("mnemo recall --feeling j", {"joy"}),
        ("mnemo tui --theme mo", {"mono"}),
        ("mnemo config get app.th", {"app.theme"}),
        ("mnemo config s", {"show", "set"}),
    ],
)
def test_completion(spawn: Callable[..., Any], line: str, expected: set[str]) -> None:
    with MemoryDB(config.places(config.Settings()).journal) as db:
        db.remember("Alps", "joy", "x", tags=["hiking"])
    words = line.split()
    env = {"_MNEMO_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": line, "COMP_CWORD": str(len(words) - 1)}
    done = spawn(env={**os.environ, **env})
    assert done.stderr == b""
    assert {word for word in expected if word in done.stdout.decode()} == expected, done.stdout
