"""What is configured, what works, and what to do about what does not."""

import os
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import httpx2
import msgspec

from hexdesk.entrypoints.ai_config import AIConfigError, find_ai_config, read_ai_config
from hexdesk.entrypoints.bootstrap.database import backend_of, is_postgres, operators_database
from hexdesk.entrypoints.bootstrap.embedded import EmbeddedPostgresError, find_binaries
from hexdesk.entrypoints.bootstrap.extraction import (
    Isolation,
    extraction_of,
    find_isolation,
)
from hexdesk.entrypoints.bootstrap.files import storage_problem
from hexdesk.entrypoints.bootstrap.secrets import secret_problem
from hexdesk.entrypoints.bootstrap.shared import redis_problem
from hexdesk.entrypoints.bootstrap.site import models_of
from hexdesk.entrypoints.installed_plugins import installed_plugins
from hexdesk.entrypoints.served_at import find_api
from hexdesk.entrypoints.settings import Settings, SettingsError, read_settings_here
from hexdesk.entrypoints.version import VERSION

SECONDS = 3


Status = Literal["ok", "warning", "failure"]
STATUS: dict[str, Status] = {"ok": "ok", "degraded": "warning"}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at; `fix` says what to do, if anything is to be done."""

    subject: str
    status: Status
    found: str
    fix: str | None = None

    def as_json(self) -> dict[str, str | None]:
        """Return it as JSON would have it."""
        return msgspec.to_builtins(self)


def diagnose(data_dir: Path) -> tuple[Finding, ...]:
    """Look at everything that can be looked at without starting anything."""
    try:
        settings = read_settings_here()
    except SettingsError as error:
        finding = Finding(
            subject="settings", status="failure", found=str(error), fix="correct the variable"
        )
        return (_version(), finding)
    checks: tuple[Callable[[Settings, Path], Iterator[Finding]], ...] = (
        _secret,
        _data_dir,
        _database,
        _redis,
        _storage,
        _ai_config,
        _extraction,
        _plugins,
        _running,
    )
    return (_version(), *(one for check in checks for one in check(settings, data_dir)))


def _version() -> Finding:
    found = f"hexdesk {VERSION}, Python {platform.python_version()}, {sys.platform}"
    return Finding(subject="version", status="ok", found=found)


def _secret(settings: Settings, data_dir: Path) -> Iterator[Finding]:
    if settings.secret_key:
        problem = secret_problem(settings.secret_key)
        yield Finding(
            subject="secret",
            status="failure" if problem else "ok",
            found=problem or "HEXDESK_SECRET_KEY is set",
            fix="make it longer, or add a new one in front" if problem else None,
        )
        return
    path = data_dir / "secret_key"
    if path.is_file() and path.stat().st_mode & 0o077:
        yield Finding(
            subject="secret",
            status="failure",
            found=f"others may read {path}",
            fix=f"chmod 600 {path}",
        )
        return
    yield Finding(
        subject="secret",
        status="ok",
        found="`hexdesk up` makes its own; other servers need HEXDESK_SECRET_KEY",
    )


def _data_dir(settings: Settings, data_dir: Path) -> Iterator[Finding]:
    nearest = next(one for one in (data_dir, *data_dir.parents) if one.exists())
    if os.access(nearest, os.W_OK):
        yield Finding(subject="data", status="ok", found=str(data_dir))
        return
    yield Finding(
        subject="data",
        status="failure",
        found=f"cannot write to {data_dir}",
        fix="choose another with --data-dir or HEXDESK_DATA_DIR",
    )


def _database(settings: Settings, data_dir: Path) -> Iterator[Finding]:
    try:
        if settings.database_url:
            operators_database(settings)
            found = "HEXDESK_DATABASE_URL works and is up to date"
        else:
            found = f"embedded PostgreSQL from {find_binaries()}"
    except (SettingsError, EmbeddedPostgresError) as error:
        yield Finding(
            subject="database",
            status="failure",
            found=str(error),
            fix=_way_to_a_database(settings),
        )
        return
    yield Finding(subject="database", status="ok", found=found)
    if settings.database_url:
        for lack in backend_of(settings, settings.database_url).lacks:
            yield Finding(subject="database", status="warning", found=lack)


def _way_to_a_database(settings: Settings) -> str:
    if is_postgres(settings.database_url or "postgresql:"):
        return "see docs/how-to/use-your-own-postgresql.md"
    return "correct HEXDESK_DATABASE_URL, or see what the plugin of this storage says"


def _redis(settings: Settings, data_dir: Path) -> Iterator[Finding]:
    if settings.redis_url is None:
        return
    problem = redis_problem(settings.redis_url)
    if problem:
        yield Finding(
            subject="redis",
            status="warning",
            found=problem,
            fix="start it, or correct HEXDESK_REDIS_URL: until then no worker hears of tasks, and"
            " each process counts for itself",
        )
        return
    yield Finding(subject="redis", status="ok", found="HEXDESK_REDIS_URL works")


def _storage(settings: Settings, data_dir: Path) -> Iterator[Finding]:
    if settings.storage_url is None:
        found = f"files are kept in {data_dir / 'files'}"
        yield Finding(subject="storage", status="ok", found=found)
        return
    problem = storage_problem(settings, data_dir)
    if problem:
        yield Finding(
            subject="storage",
            status="failure",
            found=problem,
            fix="correct HEXDESK_STORAGE_URL, or the AWS_… variables with its credentials",
        )
        return
    yield Finding(subject="storage", status="ok", found="HEXDESK_STORAGE_URL works")


def _ai_config(settings: Settings, data_dir: Path) -> Iterator[Finding]:
    path = find_ai_config(settings.ai_config)
    try:
        config = read_ai_config(path, settings.environment)
    except AIConfigError as error:
        yield Finding(
            subject="ai_config", status="failure", found=str(error), fix=f"correct {path}"
        )
        return
    yield Finding(subject="ai_config", status="ok", found=str(path))
    names = models_of(config)
    if names:
        yield Finding(subject="model", status="ok", found=", then ".join(names))
        return
    yield Finding(
        subject="model",
        status="warning",
        found="no provider has a key: `hexdesk up` answers with the built-in offline model",
        fix="set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own",
    )


def _extraction(settings: Settings, data_dir: Path) -> Iterator[Finding]:
    try:
        extraction_of(settings)
    except SettingsError as error:
        fix = "correct the variable"
        yield Finding(subject="files", status="failure", found=str(error), fix=fix)
        return
    yield reading_of_files(find_isolation(), is_allowed=settings.extraction_without_isolation)


def reading_of_files(isolation: Isolation, *, is_allowed: bool) -> Finding:
    """Say how well those that read files are locked in, and what follows from it."""
    fix: str | None = "run on Linux, in a container that allows seccomp filters"
    status: Status = "warning"
    if isolation.network and isolation.files:
        status, fix = "ok", None
        found = f"read by processes locked in by {isolation.network}, and {isolation.files}"
    elif isolation.network:
        fix = "run on a Linux that has Landlock"
        found = f"read by processes off the network ({isolation.network}) that may open other files"
    elif is_allowed:
        found = "read by processes that are not locked in: this system has no way to"
    else:
        status = "failure"
        found = "not read: this system can keep no process off the network"
    return Finding(subject="files", status=status, found=found, fix=fix)


def _plugins(settings: Settings, data_dir: Path) -> Iterator[Finding]:
    for one in installed_plugins(settings):
        is_broken = one.problem is not None
        yield Finding(
            subject="plugin",
            status="warning" if is_broken else "ok",
            found=f"{one.name} {one.version} is {one.status}"
            + (f": {one.problem}" if is_broken else ""),
            fix="correct or uninstall it, or name it in HEXDESK_DISABLED_PLUGINS"
            if is_broken
            else None,
        )


def _running(settings: Settings, data_dir: Path) -> Iterator[Finding]:
    url = find_api(settings, data_dir)
    try:
        health = httpx2.get(f"{url}/health", timeout=SECONDS, trust_env=False).json()
    except (httpx2.HTTPError, ValueError):
        yield Finding(
            subject="server",
            status="warning",
            found=f"nothing answers at {url}",
            fix=f"start it with `hexdesk {'api' if settings.database_url else 'up'}`",
        )
        return
    for name, component in {"server": health, **health.get("components", {})}.items():
        status = component["status"]
        detail = component.get("detail")
        yield Finding(
            subject="server" if name == "server" else f"· {name}",
            status=STATUS.get(status, "failure"),
            found=f"{status}: {detail}" if detail else status,
            fix=None if status == "ok" else "see the server's log",
        )
