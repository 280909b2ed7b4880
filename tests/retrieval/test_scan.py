"""Which files are read, and what is said of the others."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from mnemo.retrieval.config import GeneralConfig
from mnemo.retrieval.errors import OutsideProjectError
from mnemo.retrieval.scan import Scanner, project_path


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def scan(root: Path, **general: object) -> tuple[list[str], dict[str, str]]:
    scanner = Scanner(root, GeneralConfig(**general))  # type: ignore[arg-type]
    return [entry.path for entry in scanner.walk()], scanner.skipped


def test_finds_what_git_would_track(tmp_path: Path) -> None:
    """The rules at every level, negations included, agree with git itself."""
    rules = {
        ".gitignore": "*.log.py\n/build/\ndocs/**/gen*.md\n!keep.log.py\n# no\n\\!odd.py\nsp ace.py \n[ab].js\n**/deep/x.py\n",  # noqa: E501
        "pkg/.gitignore": "!x.log.py\nlocal.py\n/only_here.py\nsub/*\n!sub/yes.py\n",
        "pkg/inner/.gitignore": "*\n!*.md\n",
    }
    names = (
        "a.py", "x.log.py", "keep.log.py", "build/a.py", "pkg/build/a.py", "docs/gen1.md", "docs/a/b/gen2.md",
        "docs/a/other.md", "!odd.py", "sp ace.py", "a.js", "b.js", "c.js", "deep/x.py", "q/deep/x.py", "pkg/x.log.py",  # noqa: E501
        "pkg/local.py", "pkg/q/local.py", "pkg/only_here.py", "pkg/q/only_here.py", "pkg/sub/no.py", "pkg/sub/yes.py",  # noqa: E501
        "pkg/inner/a.py", "pkg/inner/r.md", "pkg/inner/deeper/r.md",
    )  # fmt: skip
    write(tmp_path, {**rules, **dict.fromkeys(names, "x\n")})
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    listed = subprocess.run(
        ["git", "-C", tmp_path, "ls-files", "-z", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    expected = sorted(name for name in listed if name.endswith((".py", ".js", ".md")))
    found, skipped = scan(tmp_path)
    assert sorted(found) == expected
    assert skipped["build/"] == "left out by .gitignore"
    assert skipped["pkg/local.py"] == "left out by pkg/.gitignore"
    # one path judged alone is judged alike
    scanner = Scanner(tmp_path, GeneralConfig())
    assert sorted(name for name in names if scanner.entry(name)) == expected


def test_rules_from_above_the_scanned_root_hold(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "/mono/app/gen/\n*.tmp.py\n", "mono/.gitignore": "secretish.py\n"})
    write(
        tmp_path,
        dict.fromkeys(
            ("mono/app/gen/a.py", "mono/app/b.tmp.py", "mono/app/secretish.py", "mono/app/c.py"), "x"
        ),
    )
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".git/info/exclude").write_text("mono/app/excluded.py\n")
    write(tmp_path, {"mono/app/excluded.py": "x"})
    assert scan(tmp_path / "mono/app")[0] == ["c.py"]
    assert len(scan(tmp_path / "mono/app", respect_gitignore=False)[0]) == 5


def test_an_ignored_folder_asked_for_is_scanned(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "vendor/\n", "vendor/a.py": "x"})
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    assert scan(tmp_path / "vendor")[0] == ["a.py"]


def test_mnemoignore_and_patterns(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            ".mnemoignore": "legacy/\n",
            "legacy/a.py": "x",
            "node_modules/b.js": "x",
            "c.py": "x",
            "gen/d.py": "x",
        },
    )
    found, skipped = scan(tmp_path)
    assert found == ["c.py", "gen/d.py"]
    assert skipped == {
        "legacy/": "left out by .mnemoignore",
        "node_modules/": "left out by general.ignore_patterns",
    }
    assert scan(tmp_path, ignore_patterns=("gen/*",))[0] == ["c.py", "node_modules/b.js"]
    assert scan(tmp_path, ignore_patterns=())[0] == ["c.py", "gen/d.py", "node_modules/b.js"]


def test_secrets_are_left_out_unless_told(tmp_path: Path) -> None:
    names = (
        "credentials.json",
        "service-account-1.json",
        "prod.tfvars.json",
        "secrets.yaml",
        ".ssh/notes.md",
        "ok.json",
    )
    write(tmp_path, dict.fromkeys(names, "{}"))
    found, skipped = scan(tmp_path)
    assert found == ["ok.json"]
    assert set(skipped.values()) == {"may hold secrets (general.secret_patterns)"}
    assert len(scan(tmp_path, secret_patterns=())[0]) == 6
    names = ("prod.env", "id_rsa", "server.pem", "private.key", "main.tfvars", "my.p12")
    write(tmp_path, dict.fromkeys(names, "SECRET"))
    found, skipped = scan(tmp_path, supported_extensions=(*names, ".pem", ".env", ".key", ".tfvars", ".p12"))
    assert found == []
    assert skipped.keys() >= set(names)


def test_links_are_named_and_never_followed(tmp_path: Path) -> None:
    root = tmp_path / "project"
    write(root, {"a.py": "x", "pkg/b.py": "x"})
    write(tmp_path, {"outside.py": "x", "far/c.py": "x"})
    (root / "same.py").symlink_to("a.py")
    (root / "out.py").symlink_to(tmp_path / "outside.py")
    (root / "far").symlink_to(tmp_path / "far")
    (root / "pkg/loop").symlink_to(root)
    (root / "gone.py").symlink_to("nothing")
    (root / "self.py").symlink_to("self.py")
    found, skipped = scan(root)
    assert found == ["a.py", "pkg/b.py"]
    assert skipped == {
        "same.py": "a link to a.py",
        "out.py": "a link out of the project",
        "far": "a link out of the project",
        "pkg/loop": "a link to .",
        "gone.py": "a link that leads nowhere",
        "self.py": "a link that leads nowhere",
    }
    scanner = Scanner(root, GeneralConfig())
    assert scanner.entry("pkg/loop/a.py") is None
    assert list(scanner.walk("pkg/loop")) == []


def test_odd_files_are_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "big.py").write_text("x" * 3000)
    (tmp_path / "fit.py").write_text("x" * 2048)
    (tmp_path / "x.unknown").write_text("x")
    (tmp_path / "folder.py").mkdir()
    bad = os.fsencode(tmp_path) + b"/\xff.py"
    with open(bad, "wb"):
        pass
    scanner = Scanner(tmp_path, GeneralConfig(max_file_size_kb=2))
    assert [entry.path for entry in scanner.walk()] == ["fit.py"]
    assert scanner.unsupported == 1
    assert scanner.skipped == {
        "pipe.py": "not a regular file",
        "big.py": "larger than 2 KB (general.max_file_size_kb)",
        "\\udcff.py": "its name is not valid UTF-8",
    }


def test_the_index_itself_is_never_scanned(tmp_path: Path) -> None:
    write(tmp_path, {".mnemosyne/config.toml": "", ".git/x.py": "", "a.py": ""})
    assert scan(tmp_path, ignore_patterns=()) == (["a.py"], {})


def test_extensions_and_whole_names(tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys(("a.PY", "b.tsx", "Makefile", "c.zzz", "WORKSPACE", ".py"), "x"))
    assert scan(tmp_path)[0] == ["Makefile", "a.PY", "b.tsx"]
    assert scan(tmp_path, supported_extensions=(".zzz", "WORKSPACE"))[0] == ["WORKSPACE", "c.zzz"]


def test_paths_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "p"
    (root / "sub").mkdir(parents=True)
    (tmp_path / "alias").symlink_to(root)
    monkeypatch.chdir(root / "sub")
    assert project_path(root, "x.py") == "sub/x.py"
    assert project_path(root, "../y.py") == "y.py"
    assert project_path(root, root) == ""
    assert project_path(root, tmp_path / "alias" / "z.py") == "z.py"
    for path in ("../../x.py", "/etc/passwd", "../../pp/x.py"):
        with pytest.raises(OutsideProjectError, match="outside the project"):
            project_path(root, path)
