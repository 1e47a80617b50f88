"""Settings: read once from the environment, at the composition root."""

import os
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from hexdesk.core.model.limits import Rate

PREFIX = "HEXDESK_"
DEFAULT_API_URL = "http://127.0.0.1:8000"
DEFAULT_MCP_URL = "http://127.0.0.1:8001/mcp"

Seconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]
Milliseconds = Annotated[float, msgspec.Meta(gt=0, le=3_600_000)]
Url = Annotated[str, msgspec.Meta(pattern=r"^https?://[^/\s]")]
RedisUrl = Annotated[str, msgspec.Meta(pattern=r"^rediss?://[^/\s]|^unix:///")]
Languages = Annotated[str, msgspec.Meta(pattern=r"^\w+(\+\w+)*$")]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


Networks = tuple[str, ...]
Names = tuple[Annotated[str, msgspec.Meta(min_length=1)], ...]


class SettingsError(Exception):
    """A setting is missing or cannot be used; the message names it and says what to do."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator decided; `environment` is for provider credentials alone."""

    database_url: str | None = None
    database_owner_url: str | None = None
    database_pool: Annotated[int, msgspec.Meta(ge=2, le=1000)] = 10
    secret_key: str | None = None
    data_dir: Path | None = None
    mcp_url: Url | None = None
    redis_url: RedisUrl | None = None
    storage_url: str | None = None
    max_file_mb: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 50
    ai_config: Path | None = None
    public_url: Url = DEFAULT_API_URL
    mcp_public_url: Url = DEFAULT_MCP_URL
    metrics_token: str | None = None
    slow_ms: Milliseconds = 1000
    tool_timeout: Seconds = 10
    most_runs: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 256
    worker_concurrency: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 8
    thread_wait: Seconds = 30
    run_lease: Seconds = 15
    health_check: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 300
    response_cache: bool = False
    channel_answers: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 20
    channel_unproved_answers: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 200
    egress_allow_private: bool = False
    trusted_proxies: Networks = ()
    extraction_without_isolation: bool = False
    ocr_languages: Languages = "eng"
    tessdata_dir: Path | None = None
    disabled_plugins: Names = ()
    strict_plugins: bool = False
    log_level: LogLevel = "INFO"
    rate_limit_user: Rate | None = Rate("user", 600)
    rate_limit_organization: Rate | None = None
    rate_limit_address: Rate | None = Rate("address", 1200)
    rate_limit_login: Rate | None = Rate("login", 10)
    rate_limit_login_address: Rate | None = Rate("login-address", 100)
    rate_limit_register: Rate | None = Rate("register", 60)
    environment: Mapping[str, str] = {}


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings, or raise `SettingsError` for one that cannot be used."""
    given: dict[str, object] = {"environment": dict(environment)}
    for field in msgspec.structs.fields(Settings):
        name = PREFIX + field.name.upper()
        text = environment.get(name, "").strip()
        if not text or field.name == "environment":
            continue
        if field.type == Rate | None:
            given[field.name] = _rate(name, text)
            continue
        if field.type == LogLevel:
            text = text.upper()
        if field.type == Networks:
            given[field.name] = _networks(name, text)
            continue
        if field.type == Names:
            given[field.name] = tuple(text.replace(",", " ").split())
            continue
        try:
            given[field.name] = msgspec.convert(text, field.type, strict=False, dec_hook=_path)
        except msgspec.ValidationError as error:
            # A URL that nearly is one may hold a password.
            shown = "what it is" if field.name == "redis_url" else repr(text)
            raise SettingsError(f"{name} cannot be {shown}: {error}") from error
    return Settings(**given)  # pyright: ignore[reportArgumentType] - converted to the field's type


def needed_secret_key(settings: Settings) -> str:
    """Return the secret; raise `SettingsError` without one: there is no default."""
    if not settings.secret_key:
        raise SettingsError(
            "HEXDESK_SECRET_KEY is not set: make one with `openssl rand -base64 48` and give it"
            " to every process of the installation"
        )
    return settings.secret_key


def needed_database_url(settings: Settings) -> str:
    """Return where the operator's own database is; raise `SettingsError` without one."""
    if not settings.database_url:
        raise SettingsError("HEXDESK_DATABASE_URL is not set: name the PostgreSQL database to use")
    return settings.database_url


def needed_redis_url(settings: Settings) -> str:
    """Return where workers are told of tasks; raise `SettingsError` without such a server."""
    if not settings.redis_url:
        raise SettingsError(
            "HEXDESK_REDIS_URL is not set: name the Redis or Valkey server by which workers are"
            " told of tasks; without one, `hexdesk api` and `hexdesk up` do them themselves"
        )
    return settings.redis_url


def read_settings_here() -> Settings:
    """Return the settings of this process's environment; only entry points may ask."""
    return read_settings(os.environ)


def _networks(name: str, text: str) -> Networks:
    """Return networks, one a line, a comma or a blank apart, as `10.0.0.0/8` or one address."""
    networks = tuple(text.replace(",", " ").split())
    for network in networks:
        try:
            ip_network(network)
        except ValueError as error:
            raise SettingsError(f"{name} must hold networks like 10.0.0.0/8: {error}") from error
    return networks


def _rate(name: str, text: str) -> Rate | None:
    """Return a rate per minute, or None for `off`; its policy is named as its variable is."""
    if text.lower() == "off":
        return None
    if not text.isdigit() or int(text) < 1:
        raise SettingsError(f"{name} must be a whole number per minute, or off; it is {text!r}")
    policy = name.removeprefix(f"{PREFIX}RATE_LIMIT_").lower().replace("_", "-")
    return Rate(policy, int(text))


def _path(kind: type, value: object) -> object:
    """Return a path from text: msgspec's `dec_hook`, which refuses other kinds by this error."""
    if kind is Path:
        return Path(str(value)).expanduser()
    raise NotImplementedError(kind)
