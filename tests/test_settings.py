"""Settings: one schema, a file that a person edits, and the places where things live."""

from __future__ import annotations

import logging
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mnemo import settings as config
from mnemo.settings import SCHEMA, Settings, SettingsError


@pytest.fixture
def file(home: Path) -> Path:
    return home / "config" / "mnemo" / "config.toml"


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def test_without_a_file_all_is_default() -> None:
    settings = config.load()
    for key, setting in SCHEMA.items():
        assert settings.get(key) == setting.default, key
    assert settings.unknown == ()


def test_every_setting_says_what_it_is_for() -> None:
    for key, setting in SCHEMA.items():
        assert setting.help.endswith("."), key
        assert setting.expected, key
        assert setting.kind != "choice" or setting.default in setting.choices, key


def test_a_file_is_read_and_what_nobody_knows_is_named(file: Path) -> None:
    write(
        file,
        '[journal]\npath = "~/x.mnheme"\n[app]\ntheme = "mono"\ncolour = 1\n'
        '[keymap]\n"app.blank" = "f8"\n[future]\na = 1\n',
    )
    settings = config.load()
    assert settings.journal_path == Path.home() / "x.mnheme"
    assert settings.theme == "mono"
    assert dict(settings.keymap) == {"app.blank": "f8"}
    assert settings.unknown == ("app.colour", "future.a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[app]\nanimations = 1\n", "app.animations must be true or false, not 1"),
        ('[app]\ntime_format = "13h"\n', "app.time_format must be one of 24h, 12h, not '13h'"),
        ("[journal]\npath = 3\n", "journal.path must be a path, not 3"),
        ("[keymap]\nx = 3\n", "keymap must be a table of texts, not {'x': 3}"),
        ("keymap = 3\n", "keymap must be a table of texts, not 3"),
        ("[app\n", "it is not TOML: "),
        ('[journal]\npath = "~nobody-has-this-name/x"\n', "journal.path must be a path"),
    ],
)
def test_a_wrong_value_names_file_key_and_what_is_expected(file: Path, text: str, message: str) -> None:
    write(file, text)
    with pytest.raises(SettingsError) as caught:
        config.load()
    assert str(caught.value).startswith(f"{file}: {message}")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_text_or_a_folder_is_told(file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="not UTF-8"):
        config.load()
    file.write_text("a = " + "[" * 20_000)
    with pytest.raises(SettingsError, match="nested too deeply"):
        config.load()
    file.unlink()
    file.mkdir()
    with pytest.raises(SettingsError, match="directory"):
        config.load()


def test_saving_keeps_comments_and_everything_else(file: Path) -> None:
    write(file, "# mine\n[app]\ntheme = 'dark' # because\n\n[future]\nx = [1, 2] # kept\n")
    config.save("app.theme", "light")
    config.save("app.animations", False)
    config.save("keymap.app.blank", "f7")
    text = file.read_text()
    assert "# mine" in text
    assert "# because" in text
    assert "x = [1, 2] # kept" in text
    settings = config.load()
    assert (settings.theme, settings.animations, settings.keymap["app.blank"]) == ("light", False, "f7")
    config.save("app.theme", None)
    assert config.load().theme == Settings().theme
    assert config.load().animations is False


def test_what_is_wrong_is_never_saved(file: Path) -> None:
    write(file, "[app]\ntheme = 'light'\n")
    before = file.read_bytes()
    for key, value in (
        ("app.time_format", "x"),
        ("app.animations", "yes"),
        ("app.nothing", "x"),
        ("keymap", "x"),
    ):
        with pytest.raises(SettingsError):
            config.save(key, value)
    assert file.read_bytes() == before
    with pytest.raises(SettingsError, match=r"did you mean app\.theme"):
        config.save("app.themes", "x")


def test_files_and_folders_are_private_and_replaced_whole(file: Path) -> None:
    config.save("app.theme", "light")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [each.name for each in file.parent.iterdir()] == ["config.toml"]
    elsewhere = file.with_name("real.toml")
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    config.save("app.theme", "mono")
    assert file.is_symlink(), "a link to a dotfiles folder stays a link"
    assert "mono" in elsewhere.read_text()


def test_where_things_live(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = home / "data" / "mnemo"
    found = config.places(Settings())
    assert found == (data / "journal.mnheme", data / "journal_files", data / "journal_drafts")
    assert config.log_file() == home / "state" / "mnemo" / "log" / "mnemo.log"

    chosen = Settings(journal_path=tmp_path / "own.mnheme", files_dir=tmp_path / "pictures")
    assert config.places(chosen)[:2] == (tmp_path / "own.mnheme", tmp_path / "pictures")
    given = config.places(chosen, tmp_path / "given.mnheme")
    assert given[:2] == (tmp_path / "given.mnheme", tmp_path / "given_files")

    monkeypatch.setenv("MNEMO_JOURNAL", str(tmp_path / "env.mnheme"))
    monkeypatch.setenv("MNEMO_FILES_DIR", str(tmp_path / "env-files"))
    monkeypatch.setenv("MNEMO_CONFIG", str(tmp_path / "conf"))
    assert config.places(chosen)[:2] == (tmp_path / "env.mnheme", tmp_path / "env-files")
    assert config.config_file() == tmp_path / "conf" / "config.toml"
    assert config.themes_dir() == tmp_path / "conf" / "themes"


@pytest.fixture
def fresh_logger() -> Iterator[None]:
    logger = logging.getLogger("mnemo")
    before, logger.handlers = logger.handlers, []
    yield
    for handler in logger.handlers:
        handler.close()
    logger.handlers = before
    logger.propagate = True


@pytest.mark.usefixtures("fresh_logger")
def test_the_log_is_private_and_turns() -> None:
    logger = config.open_log()
    assert config.open_log() is logger
    assert len(logger.handlers) == 1
    for number in range(9000):
        logger.error("%0120d", number)
    logger.debug("nothing")
    files = sorted(config.log_file().parent.iterdir())
    assert [each.name for each in files] == ["mnemo.log", "mnemo.log.1"]
    assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}
    assert stat.S_IMODE(config.log_file().parent.stat().st_mode) == 0o700
    config.open_log(verbose=True).debug("everything")
    assert "everything" in config.log_file().read_text()


@pytest.mark.usefixtures("fresh_logger")
def test_a_log_that_cannot_be_written_is_no_fault(home: Path) -> None:
    (home / "state").write_text("a file in the way")
    config.open_log().error("x")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_log_on_a_full_disk_says_nothing() -> None:
    config.log_file().parent.mkdir(parents=True)
    config.log_file().symlink_to("/dev/full")
    # It ends as mnemo does, with no second attempt to write what could not be written.
    code = "import os; from mnemo.settings import open_log; open_log().error('x'); os._exit(0)"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, timeout=60, check=True)
    assert done.stderr == b""


def test_a_journal_that_lives_by_itself_ignores_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNEMO_FILES_DIR", str(tmp_path / "mine"))
    monkeypatch.setenv("MNEMO_JOURNAL", str(tmp_path / "mine.mnheme"))
    demo = config.places_beside(tmp_path / "demo" / "demo.mnheme")
    assert {path.parent for path in demo} == {tmp_path / "demo"}
