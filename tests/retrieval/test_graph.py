"""Imports resolved to files in each language, and edges that follow the code."""

from __future__ import annotations

from pathlib import Path

import pytest
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.retrieval.graph import IMPORT, REFERENCE_EDGE


def build(root: Path, files: dict[str, str]) -> RetrievalEngine:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    engine = RetrievalEngine.open(root)
    engine.ingest()
    return engine


def edges(engine: RetrievalEngine, kind: int) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for source, target in engine.store.connection.execute(
        "SELECT a.path, b.path FROM edges JOIN files a ON a.id = source JOIN files b ON b.id = target WHERE kind = ?",  # noqa: E501
        (kind,),
    ):
        found.setdefault(source, set()).add(target)
    return found


PYTHON = {
    "app/__init__.py": "",
    "app/db/__init__.py": "from .models import Model\n",
    "app/db/models.py": "import json\nfrom . import fields\nfrom ..util import (helper)\nclass Model: pass\n",
    "app/db/fields.py": "import app.db.models as m\n",
    "app/util.py": "def helper(): pass\n",
    "app/json.py": "x = 1\n",
    "tests/test_models.py": "from app.db import Model, fields\nfrom app import *\nimport outside.thing\n",
    "scripts/run.py": "import common\nfrom app import util\n",
    "scripts/common.py": "",
}
JAVASCRIPT = {
    "src/index.ts": "import { a } from './a'\nexport * from './lib'\nimport React from 'react'\n",
    "src/a.tsx": "const b = require('../src/b.js')\nimport x from '@/lib/deep/thing'\nimport('./lib/late')\n",
    "src/b.ts": "import data from './data.json'\n",
    "src/data.json": '{"a": 1}\n',
    "src/lib/index.js": "export const z = 1\n",
    "src/lib/late.js": "export const q = 1\n",
    "src/lib/deep/thing.js": "export default 1\n",
}
GO = {
    "main.go": 'package main\nimport (\n\t"fmt"\n\tr "github.com/gin-gonic/gin/render"\n)\nfunc main() { fmt.Println(r.X) }\n',  # noqa: E501
    "render/json.go": 'package render\nimport "github.com/gin-gonic/gin/internal/bytesconv"\nvar X = 1\n',
    "render/xml.go": "package render\nvar Y = 1\n",
    "internal/bytesconv/conv.go": "package bytesconv\n",
    "fmt/trap.go": "package fmt\n",
}
JAVA = {
    "core/src/main/java/com/acme/Tool.java": "package com.acme;\nimport com.acme.util.Strings;\nimport static com.acme.util.Numbers.MAX;\nimport com.acme.io.*;\nimport java.util.List;\nclass Tool {}\n",  # noqa: E501
    "core/src/main/java/com/acme/util/Strings.java": "package com.acme.util;\npublic class Strings {}\n",
    "core/src/main/java/com/acme/util/Numbers.java": "package com.acme.util;\npublic class Numbers {}\n",
    "core/src/main/java/com/acme/io/Reader.java": "package com.acme.io;\npublic class Reader {}\n",
    "core/src/main/java/com/acme/io/Writer.java": "package com.acme.io;\npublic class Writer {}\n",
}
RUST = {
    "src/lib.rs": "mod sync;\nmod time;\npub use crate::sync::mutex::Mutex;\n",
    "src/sync/mod.rs": "pub mod mutex;\nuse super::time::Clock;\n",
    "src/sync/mutex.rs": "use super::Guard;\nuse std::fmt;\nuse crate::time::{Clock, clock};\npub struct Mutex;\n",  # noqa: E501
    "src/time.rs": "mod clock;\npub struct Clock;\n",
    "src/time/clock.rs": "pub fn now() {}\n",
}
CSHARP = {
    "Src/Acme.Json/Linq/JObject.cs": "using System.Text;\nusing Acme.Json.Utilities;\nnamespace Acme.Json.Linq { class JObject {} }\n",  # noqa: E501
    "Src/Acme.Json/Utilities/Text.cs": "namespace Acme.Json.Utilities { class TextUtils {} }\n",
    "Src/Acme.Json/Utilities/More.cs": "namespace Acme.Json.Utilities { class MoreUtils {} }\n",
    "Src/Acme.Json/JsonConvert.cs": "using Acme.Json.Linq;\nnamespace Acme.Json { class JsonConvert {} }\n",
}
OTHERS = {
    "src/server.c": '#include <stdio.h>\n#include "sds.h"\n#include "../deps/lua/lua.h"\nint main(void) { return 0; }\n',  # noqa: E501
    "src/sds.h": "typedef char *sds;\n",
    "deps/lua/lua.h": "int lua(void);\n",
    "lib/sinatra/base.rb": "require 'sinatra/show'\nrequire_relative 'indifferent'\nrequire 'set'\n",
    "lib/sinatra/show.rb": "class Show; end\n",
    "lib/sinatra/indifferent.rb": "class Hash2; end\n",
    "php/Monolog/Logger.php": "<?php\nnamespace Monolog;\nuse Monolog\\Handler\\Stream;\nclass Logger {}\n",
    "php/Monolog/Handler/Stream.php": "<?php\nnamespace Monolog\\Handler;\nclass Stream {}\n",
    "lua/mini/ai.lua": "local help = require('mini.help')\nreturn {}\n",
    "lua/mini/help.lua": "return {}\n",
}
EXPECTED = {
    "python": (
        PYTHON,
        {
            "app/db/__init__.py": {"app/db/models.py"},
            "app/db/models.py": {"app/db/fields.py", "app/util.py"},
            "app/db/fields.py": {"app/db/models.py"},
            "tests/test_models.py": {"app/db/__init__.py", "app/db/fields.py", "app/__init__.py"},
            "scripts/run.py": {"scripts/common.py", "app/util.py"},
        },
    ),
    "javascript": (
        JAVASCRIPT,
        {
            "src/index.ts": {"src/a.tsx", "src/lib/index.js"},
            "src/a.tsx": {"src/b.ts", "src/lib/deep/thing.js", "src/lib/late.js"},
            "src/b.ts": {"src/data.json"},
        },
    ),
    "go": (
        GO,
        {
            "main.go": {"render/json.go", "render/xml.go"},
            "render/json.go": {"internal/bytesconv/conv.go"},
        },
    ),
    "java": (
        JAVA,
        {
            "core/src/main/java/com/acme/Tool.java": {
                f"core/src/main/java/com/acme/{name}.java"
                for name in ("util/Strings", "util/Numbers", "io/Reader", "io/Writer")
            },
        },
    ),
    "rust": (
        RUST,
        {
            "src/lib.rs": {"src/sync/mod.rs", "src/time.rs", "src/sync/mutex.rs"},
            "src/sync/mod.rs": {"src/sync/mutex.rs", "src/time.rs"},
            "src/sync/mutex.rs": {"src/sync/mod.rs", "src/time.rs", "src/time/clock.rs"},
            "src/time.rs": {"src/time/clock.rs"},
        },
    ),
    "csharp": (
        CSHARP,
        {
            "Src/Acme.Json/Linq/JObject.cs": {
                "Src/Acme.Json/Utilities/Text.cs",
                "Src/Acme.Json/Utilities/More.cs",
            },
            "Src/Acme.Json/JsonConvert.cs": {"Src/Acme.Json/Linq/JObject.cs"},
        },
    ),
    "others": (
        OTHERS,
        {
            "src/server.c": {"src/sds.h", "deps/lua/lua.h"},
            "lib/sinatra/base.rb": {"lib/sinatra/show.rb", "lib/sinatra/indifferent.rb"},
            "php/Monolog/Logger.php": {"php/Monolog/Handler/Stream.php"},
            "lua/mini/ai.lua": {"lua/mini/help.lua"},
        },
    ),
}


@pytest.mark.parametrize("language", EXPECTED)
def test_imports_lead_to_files(tmp_path: Path, language: str) -> None:
    files, expected = EXPECTED[language]
    assert edges(build(tmp_path, files), IMPORT) == expected


def test_edges_follow_what_comes_and_goes(tmp_path: Path) -> None:
    engine = build(
        tmp_path,
        {
            "a.py": "from b import tool_maker\n\ndef first():\n    return tool_maker()\n",
            "b.py": "def tool_maker():\n    return 1\n",
            "c.py": "def second():\n    return tool_maker()\n",
        },
    )
    assert edges(engine, REFERENCE_EDGE) == {"a.py": {"b.py"}, "c.py": {"b.py"}}
    assert edges(engine, IMPORT) == {"a.py": {"b.py"}}
    # two definers count, three say nothing
    (tmp_path / "d.py").write_text("def tool_maker():\n    return 2\n")
    engine.ingest()
    assert edges(engine, REFERENCE_EDGE)["c.py"] == {"b.py", "d.py"}
    (tmp_path / "e.py").write_text("def tool_maker():\n    return 3\n")
    engine.ingest()
    assert edges(engine, REFERENCE_EDGE) == {}
    for name in ("b.py", "e.py"):
        (tmp_path / name).unlink()
    engine.ingest()
    assert edges(engine, REFERENCE_EDGE) == {"a.py": {"d.py"}, "c.py": {"d.py"}}
    assert edges(engine, IMPORT) == {}
    (tmp_path / "d.py").rename(tmp_path / "b.py")
    engine.ingest()
    assert edges(engine, REFERENCE_EDGE) == {"a.py": {"b.py"}, "c.py": {"b.py"}}
    assert edges(engine, IMPORT) == {"a.py": {"b.py"}}
