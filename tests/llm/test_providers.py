"""Which models there are, how far each place is trusted, and who may be sent private words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mnemo import settings as config
from mnemo.llm.client import Client
from mnemo.llm.dialects import Prompt
from mnemo.llm.env import Origin, read_values
from mnemo.llm.errors import BrokenOffError, NoModelError, ProviderError
from mnemo.llm.pacing import Limits
from mnemo.llm.providers import KNOWN, Provider, Setup, read_setup
from mnemo.llm.router import Router, open_router
from speaking import KEY, Servers, fails, resets, says, setup_of, values

ROOT = Path(__file__).parents[2]
PROMPT = Prompt("s", "t")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder, two below which we are."""
    below = tmp_path / "project" / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    return tmp_path / "project"


def own(text: str) -> Path:
    file = config.config_dir() / ".env"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def read(**environment: str) -> Setup:
    return read_setup(read_values(environment=environment))


def test_places_in_their_order(folder: Path) -> None:
    own(
        "A_URL=https://a.example\nA_MODEL=own\nB_URL=https://b.example\nB_MODEL=own\nC_URL=https://c.example\nC_MODEL=own"
    )
    (folder / ".env").write_text("B_MODEL=project\nexport C_MODEL='project'\n")
    found = read(C_MODEL="real").providers
    assert {name: each.model for name, each in found.items()} == {"A": "own", "B": "project", "C": "real"}
    named = folder / "named.env"
    named.write_text("A_MODEL=named\nA_URL=https://a.example\n")
    values_ = read_values(named, environment={})
    assert {name: value.text for name, value in values_.items()} == {
        "A_MODEL": "named",
        "A_URL": "https://a.example",
    }


def test_known_names_need_no_url() -> None:
    parts = {"CLOUDFLARE_ACCOUNT_ID": "abc", "VERTEX_AI_PROJECT": "mine"}
    setup = setup_of(**{f"{name}_MODEL": "m" for name in KNOWN}, **parts)
    assert list(setup.providers) == list(KNOWN)
    for name, provider in setup.providers.items():
        assert provider.dialect == ("anthropic" if name == "ANTHROPIC" else "openai")
        assert provider.needs_key == (name not in ("LM_STUDIO", "LOCAL_LLM", "OLLAMA"))
    assert "/accounts/abc/ai/" in setup.providers["CLOUDFLARE"].address.url
    assert "CLOUDFLARE" not in setup_of(CLOUDFLARE_MODEL="m").providers


def test_an_env_file_with_other_things_names_no_provider() -> None:
    found = setup_of(DATABASE_URL="postgres://x", SENTRY_URL="https://s.example", CAR_MODEL="500", X_KEY="k")
    assert found.providers == {}


@pytest.mark.parametrize(
    ("url", "called"),
    [
        ("http://localhost:1234", "http://localhost:1234/v1/chat/completions"),
        ("http://localhost:1234/v1/", "http://localhost:1234/v1/chat/completions"),
        ("https://X.example:443/v1/chat/completions", "https://x.example/v1/chat/completions"),
        ("https://api.anthropic.com", "https://api.anthropic.com/v1/messages"),
        ("https://proxy.example/v1/messages", "https://proxy.example/v1/messages"),
        ("https://a.example/openai?api-version=3", "https://a.example/openai/chat/completions?api-version=3"),
        ("http://[::1]:80/v1", "http://[::1]/v1/chat/completions"),
        ("https://città.example/v1", "https://xn--citt-3na.example/v1/chat/completions"),
    ],
)
def test_addresses_are_completed(url: str, called: str) -> None:
    provider = setup_of(X_URL=url, X_MODEL="m").providers["X"]
    assert provider.address.url == called
    assert provider.dialect == ("anthropic" if called.endswith("/messages") else "openai")


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("localhost", True),
        ("127.8.8.8", True),
        ("[::1]", True),
        ("0.0.0.0", True),
        ("10.1.2.3", True),
        ("172.31.0.1", True),
        ("192.168.1.9", True),
        ("[fd00::1]", True),
        ("[::ffff:192.168.1.9]", True),
        ("[::ffff:8.8.8.8]", False),
        ("172.32.0.1", False),
        ("8.8.8.8", False),
        ("2130706433", False),
        ("localhost.example", False),
        ("10.0.0.1.example", False),
        ("127.0.0.1.", True),
    ],
)
def test_what_is_private(host: str, private: bool) -> None:
    provider = setup_of(X_URL=f"http://{host}:8080", X_MODEL="m").providers["X"]
    assert provider.address.is_private == private
    assert (provider.needs_key, provider.needs_consent) == (not private, not private)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("X_URL", "ftp://a.example"),
        ("X_URL", "https://good.example@evil.example/v1"),
        ("X_URL", "https://a.example\\@evil.example"),
        ("X_URL", "https://a b.example"),
        ("X_URL", "https://a.example:99999"),
        ("X_URL", "https://[::1"),
        ("X_URL", "just words"),
        ("X_RPM", "many"),
        ("X_RPM", "0"),
        ("X_RPM", "nan"),
        ("X_CONTEXT", "12"),
        ("X_API_KEY", "sk\u200b-secret"),
        ("TEMPERATURE", "hot"),
        ("LLM_TIMEOUT", "-1"),
        ("USE_MULTI_PROVIDER", "perhaps"),
        ("ACTIVE_PROVIDER", "NOBODY"),
        ("LLM_CONSENT", "sure"),
        ("VERTEX_AI_PROJECT", "a/../b"),
    ],
)
def test_a_malformed_value_names_its_variable_and_its_file(variable: str, value: str) -> None:
    good = {"X_URL": "https://a.example", "X_MODEL": "m", "VERTEX_AI_MODEL": "m"}
    file = own("\n".join(f"{name}='{text}'" for name, text in {**good, variable: value}.items()))
    with pytest.raises(ProviderError, match=f"^{variable} in {re.escape(str(file))} must be ") as caught:
        read()
    assert value not in str(caught.value) or len(value) < 3


def test_files_that_cannot_be_read() -> None:
    file = own("GOOD_MODEL=m\nthis is no line\n")
    with pytest.raises(ProviderError, match=f"{re.escape(str(file))}: line 2 is no NAME=value"):
        read()
    file.write_bytes(b"A=\xff")
    with pytest.raises(ProviderError, match="not UTF-8"):
        read()
    with pytest.raises(ProviderError, match="no such file"):
        read_values(Path("nowhere.env"))


def test_a_strange_file_of_a_project_stands_in_nobodys_way(folder: Path) -> None:
    (folder / ".env").write_bytes(b"\xff\xfe")
    assert read().providers == {}
    (folder / ".env").write_text("not a line\nX_URL=http://localhost:1\nX_MODEL=m\n")
    assert list(read().providers) == ["X"]


def test_keys_are_never_shown() -> None:
    setup = setup_of(GROQ_MODEL="m", GROQ_API_KEY=KEY)
    assert setup.providers["GROQ"].key == KEY
    assert KEY not in repr(setup)
    assert KEY not in repr(values(GROQ_API_KEY=KEY))


def test_who_is_chosen() -> None:
    there = {"OPENAI_MODEL": "m", "GROQ_MODEL": "m", "OLLAMA_MODEL": "m", "GROQ_KEY": "k"}

    def chosen(preferred: str = "", **more: str) -> list[str]:
        return [each.name for each in read_setup(values(**there, **more), preferred).chosen]

    assert chosen() == ["OLLAMA"]
    assert chosen("GROQ") == ["GROQ"]
    assert chosen("GROQ", ACTIVE_PROVIDER="openai") == ["OPENAI"]
    assert chosen(LLM_PRIORITY="groq, ollama") == ["GROQ"]
    assert chosen(LLM_PRIORITY="GROQ,OLLAMA", USE_MULTI_PROVIDER="true") == ["GROQ", "OLLAMA"]
    assert chosen(ACTIVE_PROVIDER="OPENAI", LLM_PRIORITY="GROQ", USE_MULTI_PROVIDER="yes") == [
        "OPENAI",
        "GROQ",
    ]
    assert chosen(USE_MULTI_PROVIDER="true") == ["OLLAMA"]
    setup = setup_of(**there, LLM_PRIORITY="GROQ,NOBODY")
    assert setup.notices == ("LLM_PRIORITY names NOBODY, which is not set up",)


# -- trust --------------------------------------------------------------------------------------


def test_a_project_never_gets_the_users_key(folder: Path) -> None:
    own("OPENAI_API_KEY=mine\nOPENAI_MODEL=m")
    (folder / ".env").write_text(
        "OPENAI_URL=https://evil.example/v1\nX_URL=https://evil.example/?${OPENAI_API_KEY}\nX_MODEL=m\n"
    )
    with pytest.raises(ProviderError, match="X_URL"):
        read()  # nothing is expanded, and braces are no part of a URL
    (folder / ".env").write_text("OPENAI_URL=https://evil.example/v1\n")
    setup = read()
    assert setup.providers["OPENAI"].key == ""
    assert "your own key is not sent there" in setup.notices[0]
    # The same from the real environment.
    assert read(OPENAI_API_KEY="real").providers["OPENAI"].key == ""


def test_a_projects_key_does_not_take_the_place_of_the_users(folder: Path) -> None:
    own("GROQ_API_KEY=mine\nGROQ_MODEL=m")
    (folder / ".env").write_text("GROQ_API_KEY=theirs\n")
    provider = read().providers["GROQ"]
    assert (provider.key, provider.consent_key) == ("mine", "api.groq.com")
    own("GROQ_MODEL=m")
    provider = read().providers["GROQ"]
    # Whoever owns a key may be shown what was sent with it: that is asked by itself.
    assert (provider.key, provider.consent_key) == (
        "theirs",
        f"api.groq.com with the key in {folder / '.env'}",
    )


def router_of(setup: Setup, answers: list[bool] | None = None) -> tuple[Router, list[str]]:
    asked: list[str] = []

    def ask(provider: Provider) -> bool:
        asked.append(provider.consent_key)
        assert answers is not None
        return answers.pop(0)

    return Router(setup, ask if answers is not None else None), asked


REMOTE = {"X_URL": "https://x.example/v1", "X_MODEL": "m", "X_KEY": "k"}


def refusal(router: Router) -> str:
    return router.refusal(router.setup.chosen[0])


def test_consent_is_asked_once_per_host_and_kept() -> None:
    router, asked = router_of(setup_of(**REMOTE), [True])
    assert [refusal(router), refusal(router)] == ["", ""]
    assert asked == ["x.example"]
    assert config.load().consent == {"x.example": "yes"}
    assert refusal(router_of(setup_of(**REMOTE))[0]) == ""
    elsewhere = {**REMOTE, "X_URL": "https://x.example:8443/v1"}
    assert "nobody was there" in refusal(router_of(setup_of(**elsewhere))[0])
    plain = {**REMOTE, "X_URL": "http://x.example/v1"}
    router, asked = router_of(setup_of(**plain), [False])
    assert "nothing is sent to http://x.example" in refusal(router)
    assert "your config says" in refusal(router)
    assert asked == ["http://x.example"]


def test_nobody_to_ask_means_no_and_is_not_kept() -> None:
    router, _ = router_of(setup_of(**REMOTE))
    assert "nobody was there" in refusal(router)
    assert not config.config_file().exists()


def test_what_llm_consent_reaches() -> None:
    assert refusal(router_of(setup_of(**REMOTE, LLM_CONSENT="always"))[0]) == ""
    config.save("consent.x.example", "yes")
    assert "never" in refusal(router_of(setup_of(**REMOTE, LLM_CONSENT="never"))[0])
    local = {"X_URL": "http://localhost:1", "X_MODEL": "m"}
    assert refusal(router_of(setup_of(**local, LLM_CONSENT="never"))[0]) == ""


def test_a_project_can_neither_set_nor_stretch_consent(folder: Path) -> None:
    text = "X_URL=https://x.example/v1\nX_MODEL=m\nX_KEY=k\n"
    (folder / ".env").write_text(text + "LLM_CONSENT=always\nACTIVE_PROVIDER=X\n")
    setup = read()
    assert setup.consent == "ask"
    assert "LLM_CONSENT has no effect" in setup.notices[0]
    assert "nobody was there" in refusal(Router(setup))
    # Not even the user's own "always" reaches a host that only a project names.
    assert "nobody was there" in refusal(Router(read(LLM_CONSENT="always")))
    own("LLM_CONSENT=never")
    assert read().consent == "never"
    (folder / ".env").write_text("X_URL=http://192.168.7.7/v1\nX_MODEL=m\n")
    assert "nobody was there" in refusal(Router(read(LLM_CONSENT="always")))
    (folder / ".env").write_text("X_URL=http://127.0.0.1:9/v1\nX_MODEL=m\n")
    assert refusal(Router(read())) == ""


def test_a_known_name_with_another_address_is_another_host(folder: Path) -> None:
    config.save("consent.api.groq.com", "yes")
    own("GROQ_MODEL=m\nGROQ_KEY=mine")
    assert refusal(Router(read())) == ""
    (folder / ".env").write_text("GROQ_URL=https://evil.example/v1\nGROQ_KEY=theirs")
    assert "evil.example" in refusal(Router(read()))


def test_a_remote_provider_without_a_key_is_never_called() -> None:
    config.save("consent.api.groq.com", "yes")
    with pytest.raises(NoModelError, match="GROQ: GROQ_API_KEY is not set"):
        Router(setup_of(GROQ_MODEL="m")).converse(PROMPT)


# -- the cascade --------------------------------------------------------------------------------


def cascade(servers: Servers, client: Client) -> Router:
    first, second = servers.start(), servers.start()
    first.otherwise, second.otherwise = fails(401), says("from the second")
    setup = setup_of(
        ONE_URL=first.origin,
        ONE_MODEL="m",
        TWO_URL=f"{second.origin}/v1/messages",
        TWO_MODEL="m",
        LLM_PRIORITY="ONE,TWO",
        USE_MULTI_PROVIDER="true",
    )
    return Router(setup, client=client)


def test_the_next_in_order_answers_and_is_named(servers: Servers, client: Client) -> None:
    router = cascade(servers, client)
    assert router.converse(PROMPT).provider.name == "TWO"
    assert [len(server.asked) for server in servers.started] == [1, 1]
    servers.started[1].otherwise = fails(403)
    with pytest.raises(NoModelError) as caught:
        router.converse(PROMPT)
    assert [reason.partition(":")[0] for reason in caught.value.reasons] == ["ONE", "TWO"]


def test_no_other_goes_on_with_an_answer_that_was_begun(servers: Servers, client: Client) -> None:
    router = cascade(servers, client)
    servers.started[0].otherwise = resets("It was ")
    with pytest.raises(BrokenOffError):
        router.converse(PROMPT, on_text=lambda _: None)
    assert not servers.started[1].asked


def test_a_redirect_takes_nothing_elsewhere(servers: Servers, client: Client) -> None:
    router = cascade(servers, client)
    one, two = servers.started
    one.otherwise = fails(307, location=f"{two.origin}/v1/chat/completions")
    setup = setup_of(ONE_URL=one.origin, ONE_MODEL="m", ONE_KEY=KEY)
    with pytest.raises(NoModelError, match="redirect"):
        Router(setup, client=client).converse(PROMPT)
    assert not two.asked
    assert router.context == 8192


def test_the_time_out_is_the_users(servers: Servers) -> None:
    setup = setup_of(X_URL="http://localhost:1", X_MODEL="m", LLM_TIMEOUT="7", TEMPERATURE="1.5")
    assert (setup.timeout, setup.temperature) == (7, 1.5)
    assert Limits(first_token=setup.timeout).first_token == 7


def test_nothing_set_up_is_no_router(folder: Path) -> None:
    assert open_router() is None
    (folder / ".env").write_text("X_URL=http://127.0.0.1:9/v1\nX_MODEL=m\n")
    router = open_router()
    assert router is not None
    assert router.setup.providers["X"].origin is Origin.PROJECT


# -- what documents promise ---------------------------------------------------------------------


def test_the_example_file_and_the_page_name_every_known_provider(tmp_path: Path) -> None:
    example = ROOT / ".env.example"
    page = (ROOT / "docs" / "providers.md").read_text()
    for name, url in KNOWN.items():
        assert f"| `{name}` | `{url}` |" in page, name
        assert f"# {name}_MODEL=" in example.read_text(), name
    variables = set(re.findall(r"^# ?([A-Z][A-Z0-9_]*)=", example.read_text(), re.MULTILINE))
    globals_ = {
        "ACTIVE_PROVIDER",
        "LLM_PRIORITY",
        "USE_MULTI_PROVIDER",
        "TEMPERATURE",
        "LLM_TIMEOUT",
        "LLM_CONSENT",
    }
    assert globals_ <= variables
    for name in globals_:
        assert f"`{name}`" in page
    # With every line in force it is read without complaint.
    active = tmp_path / "all.env"
    active.write_text(re.sub(r"^# ?(?=[A-Z][A-Z0-9_]*=)", "", example.read_text(), flags=re.MULTILINE))
    assert set(KNOWN) <= read_setup(read_values(active, environment={})).providers.keys()
