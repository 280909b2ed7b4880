"""Which models there are: providers from ``.env`` files and the environment.

A value's origin decides how far it is trusted. A project's ``.env`` may name providers; but a key from
anywhere else is never sent to an address that it names, and nothing of it is expanded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from .address import Address, Dialect, dialect_of, read_address
from .env import Origin, Value, Values, find_key, own_value
from .errors import ProviderError

__all__ = ["KNOWN", "ConsentRule", "Provider", "Setup", "read_setup"]

ConsentRule = Literal["ask", "always", "never"]

KNOWN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "LM_STUDIO": "http://localhost:1234/v1/chat/completions",
        "LOCAL_LLM": "http://localhost:8080/v1/chat/completions",
        "OLLAMA": "http://localhost:11434/v1/chat/completions",
        "ANTHROPIC": "https://api.anthropic.com/v1/messages",
        "OPENAI": "https://api.openai.com/v1/chat/completions",
        "SAMBANOVA": "https://api.sambanova.ai/v1/chat/completions",
        "OPENROUTER": "https://openrouter.ai/api/v1/chat/completions",
        "GOOGLE_AI_STUDIO": "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions",
        "GROQ": "https://api.groq.com/openai/v1/chat/completions",
        "MISTRAL": "https://api.mistral.ai/v1/chat/completions",
        "CODESTRAL": "https://codestral.mistral.ai/v1/chat/completions",
        "CEREBRAS": "https://api.cerebras.ai/v1/chat/completions",
        "NVIDIA_NIM": "https://integrate.api.nvidia.com/v1/chat/completions",
        "HF": "https://router.huggingface.co/v1/chat/completions",
        "GITHUB": "https://models.github.ai/inference/chat/completions",
        "COHERE": "https://api.cohere.ai/compatibility/v1/chat/completions",
        "VERCEL": "https://ai-gateway.vercel.sh/v1/chat/completions",
        "CLOUDFLARE": (
            "https://api.cloudflare.com/client/v4/accounts/{CLOUDFLARE_ACCOUNT_ID}/ai/v1/chat/completions"
        ),
        "VERTEX_AI": (
            "https://aiplatform.googleapis.com/v1/projects/{VERTEX_AI_PROJECT}"
            "/locations/global/endpoints/openapi/chat/completions"
        ),
        "FIREWORKS": "https://api.fireworks.ai/inference/v1/chat/completions",
        "NEBIUS": "https://api.tokenfactory.nebius.com/v1/chat/completions",
        "HYPERBOLIC": "https://api.hyperbolic.xyz/v1/chat/completions",
        "TOGETHER": "https://api.together.xyz/v1/chat/completions",
        "NOVITA": "https://api.novita.ai/openai/v1/chat/completions",
        "UPSTAGE": "https://api.upstage.ai/v1/chat/completions",
        "SCALEWAY": "https://api.scaleway.ai/v1/chat/completions",
        "ALIYUN": "https://dashscope-intl.aliyuncs.com/compatible-mode/v1/chat/completions",
        "AI21": "https://api.ai21.com/studio/v1/chat/completions",
        "INFERENCE_NET": "https://api.inference.net/v1/chat/completions",
    }
)
"""Names that need no URL. A part in braces is a variable that has to be set."""

_NAME: Final = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class Provider:
    """A model that can be asked.

    Attributes:
        name: What its variables begin with.
        address: Where it is called.
        model: The model's own name there.
        dialect: How to talk to it, by its address.
        rpm: Requests a minute at most.
        context: Tokens that prompt and answer may have together.
        origin: Where the address stands; one that is built in counts as the user's own.
        key: The API key, empty for none.
        key_variable: The variable that holds the key, or would.
        key_of: The project's ``.env`` that the key stands in, empty where it is the user's own.
    """

    name: str
    address: Address
    model: str
    dialect: Dialect
    rpm: float = 10.0
    context: int = 8192
    origin: Origin = Origin.ENVIRONMENT
    key: str = field(default="", repr=False)
    key_variable: str = ""
    key_of: str = ""

    @property
    def consent_key(self) -> str:
        """What consent is kept under: the host, and whose key it is where it is not the user's own.

        ``host``, ``host:port``, with ``http://`` before it where nothing is encrypted.
        """
        host = self.address.netloc if self.address.scheme == "https" else f"http://{self.address.netloc}"
        return f"{host} with the key in {self.key_of}" if self.key_of else host

    @property
    def needs_consent(self) -> bool:
        """Whether words sent to it leave the machine for somewhere that nobody vouched for.

        A private address does not ask, except where a project's ``.env`` names it: then only this
        machine itself does not.
        """
        if self.origin is Origin.PROJECT:
            return not self.address.is_loopback
        return not self.address.is_private

    @property
    def needs_key(self) -> bool:
        """Whether it is never called without a key."""
        return not self.address.is_private


@dataclass(frozen=True, slots=True)
class Setup:
    """All that the environment says about models.

    Attributes:
        providers: By name, in the order that they are thought of.
        active: The one that ``ACTIVE_PROVIDER`` names, or empty.
        priority: The names of ``LLM_PRIORITY``.
        cascade: Whether another provider is tried when one fails (``USE_MULTI_PROVIDER``).
        temperature: 0 to 2.
        timeout: Seconds to the first token.
        consent: What ``LLM_CONSENT`` says, from the user's own places alone.
        notices: What has no effect and why, a line each.
    """

    providers: Mapping[str, Provider] = field(default_factory=dict)
    active: str = ""
    priority: tuple[str, ...] = ()
    cascade: bool = False
    temperature: float = 0.3
    timeout: float = 60.0
    consent: ConsentRule = "ask"
    notices: tuple[str, ...] = ()

    @property
    def chosen(self) -> tuple[Provider, ...]:
        """Who is asked, first to last: one, or those of the cascade.

        Without ``ACTIVE_PROVIDER`` and ``LLM_PRIORITY``, the one there is; of several one on this machine
        before one elsewhere, those that have their key before those that lack it.
        """
        names = dict.fromkeys([self.active, *self.priority])
        named = [self.providers[name] for name in names if name in self.providers]
        if not named:
            named = sorted(
                self.providers.values(),
                key=lambda each: (each.needs_consent, each.needs_key and not each.key),
            )[:1]
        return tuple(named if self.cascade else named[:1])


def read_setup(values: Values, preferred: str = "") -> Setup:
    """What ``values`` say; ``preferred`` is the provider that the user's settings name.

    Raises:
        ProviderError: a value is malformed; the message names the variable and where it stands.
    """
    providers = {}
    for name in _names(values):
        provider = _provider(name, values)
        if provider is not None:
            providers[name] = provider
    notices = []
    active = _name("ACTIVE_PROVIDER", values, providers) or preferred
    if active and active not in providers:
        notices.append(f"{active} is chosen but not set up: it needs {active}_MODEL")
    priority = [name.strip().upper() for name in _text("LLM_PRIORITY", values).split(",") if name.strip()]
    missing = [name for name in priority if name not in providers]
    notices += [f"LLM_PRIORITY names {name}, which is not set up" for name in missing]
    consent, rejected = _consent(values)
    if rejected:
        notices.append(rejected)
    notices += [
        f"{name}: {values[variable].where} names its address, so your own key is not sent there; "
        "put both in one place"
        for name, provider in providers.items()
        if (variable := f"{name}_URL") in values
        and provider.origin is Origin.PROJECT
        and not provider.key
        and find_key(name, values) is not None
    ]
    return Setup(
        MappingProxyType(providers),
        active if active in providers else "",
        tuple(name for name in priority if name in providers),
        _flag("USE_MULTI_PROVIDER", values, False),
        _number("TEMPERATURE", values, 0.3, 0, 2),
        _number("LLM_TIMEOUT", values, 60, 0.001, 86_400),
        consent,
        tuple(notices),
    )


def _names(values: Values) -> list[str]:
    """Names with a model and an address: the known ones first, in their order."""
    with_model = {
        name.removesuffix("_MODEL")
        for name, value in values.items()
        if name.endswith("_MODEL") and value.text.strip() and _NAME.fullmatch(name.removesuffix("_MODEL"))
    }
    other = sorted(name for name in with_model - KNOWN.keys() if _text(f"{name}_URL", values))
    return [name for name in KNOWN if name in with_model] + other


def _provider(name: str, values: Values) -> Provider | None:
    variable = f"{name}_URL"
    if _text(variable, values):
        address = _address(variable, values[variable])
        origin = values[variable].origin
    else:
        url, origin = _built_in(name, values)
        if not url:
            return None
        address = _address(variable, Value(url, origin, "the known names"))
    key, key_variable, key_of = "", f"{name}_API_KEY", ""
    found = find_key(name, values)
    if found is not None:
        key_variable, value = found
        # A stranger's address never gets a key that the stranger does not have.
        if origin is not Origin.PROJECT or value.origin is Origin.PROJECT:
            key = value.text.strip()
            key_of = value.where if value.origin is Origin.PROJECT else ""
            if not key.isascii() or not key.isprintable():
                raise _malformed(key_variable, value, "a key of plain characters")
    model = values[f"{name}_MODEL"].text.strip()
    if not model.isprintable():
        raise _malformed(f"{name}_MODEL", values[f"{name}_MODEL"], "a model's name")
    return Provider(
        name,
        address,
        model,
        dialect_of(address),
        _number(f"{name}_RPM", values, 10, 0.01, 1_000_000),
        int(_number(f"{name}_CONTEXT", values, 8192, 512, 100_000_000)),
        origin,
        key,
        key_variable,
        key_of,
    )


def _built_in(name: str, values: Values) -> tuple[str, Origin]:
    """A known name's URL with its parts filled in, and the least trusted origin among them."""
    url, origin = KNOWN[name], Origin.ENVIRONMENT
    for part in re.findall(r"\{(\w+)\}", url):
        value = values.get(part)
        if value is None or not value.text.strip():
            return "", origin
        if not re.fullmatch(r"[A-Za-z0-9_-]+", value.text.strip()):
            raise _malformed(part, value, "letters, digits and dashes")
        url = url.replace(f"{{{part}}}", value.text.strip())
        origin = min(origin, value.origin)
    return url, origin


def _address(variable: str, value: Value) -> Address:
    try:
        return read_address(value.text)
    except ValueError:
        raise _malformed(variable, value, "an http or https URL without a user name") from None


def _consent(values: Values) -> tuple[ConsentRule, str]:
    value = values.get("LLM_CONSENT")
    if value is None:
        return "ask", ""
    if value.origin not in (Origin.CONFIG, Origin.ENVIRONMENT):
        kept: ConsentRule = "ask"
        if value.origin is Origin.PROJECT and (own := own_value("LLM_CONSENT")) is not None:
            # A project's line may not hide the user's own either.
            kept, _ = _consent({"LLM_CONSENT": own})
        return (
            kept,
            f"LLM_CONSENT has no effect in {value.where}: set it in the environment or your own config",
        )
    folded = value.text.strip().lower()
    for rule in ("ask", "always", "never"):
        if folded == rule:
            return rule, ""
    raise _malformed("LLM_CONSENT", value, "ask, always or never")


def _name(variable: str, values: Values, known: Mapping[str, Provider]) -> str:
    text = _text(variable, values).upper()
    if text and text not in known:
        raise _malformed(variable, values[variable], _named(sorted(known)))
    return text


def _named(names: Sequence[str]) -> str:
    return f"a provider that is set up ({', '.join(names) or 'none is'})"


def _text(variable: str, values: Values) -> str:
    value = values.get(variable)
    return "" if value is None else value.text.strip()


def _number(variable: str, values: Values, default: float, least: float, most: float) -> float:
    text = _text(variable, values)
    if not text:
        return default
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not least <= number <= most:
        raise _malformed(variable, values[variable], f"a number from {least:g} to {most:g}")
    return number


def _flag(variable: str, values: Values, default: bool) -> bool:
    text = _text(variable, values).lower()
    if text in ("true", "yes", "on", "1"):
        return True
    if text in ("false", "no", "off", "0"):
        return False
    if text:
        raise _malformed(variable, values[variable], "true or false")
    return default


def _malformed(variable: str, value: Value, expected: str) -> ProviderError:
    # The value itself stays out: somebody may have put a key into the wrong line.
    return ProviderError(f"{variable} in {value.where} must be {expected}")
