"""Databases made ready: the embedded one, and an operator's own of whatever kind."""

import asyncio

from hexdesk.adapters.storage.postgres.backend import PostgresBackend
from hexdesk.adapters.storage.postgres.embedded import SUPERUSER, EmbeddedPostgres
from hexdesk.adapters.storage.postgres.migrate import migrate
from hexdesk.adapters.storage.postgres.roles import APPLICATION, OWNER, bootstrap
from hexdesk.adapters.storage.postgres.upgrading import upgrade_database as upgrade_postgres
from hexdesk.core.additions import Additions
from hexdesk.core.errors import InvalidError
from hexdesk.core.ports.storage_backends import StorageBackend, StorageSurroundings
from hexdesk.entrypoints.bootstrap.plugins import load_installed_plugins
from hexdesk.entrypoints.settings import Settings, SettingsError, needed_database_url

DATABASE = "hexdesk"
POSTGRES = PostgresBackend()


def prepare_embedded(postgres: EmbeddedPostgres) -> str:
    """Make roles, database and schema, and return where the application connects."""
    postgres.wait_until_ready()
    asyncio.run(bootstrap(postgres.url("postgres", SUPERUSER), DATABASE))
    migrate(postgres.url(DATABASE, OWNER))
    return postgres.url(DATABASE, APPLICATION)


def backend_for(url: str, additions: Additions) -> StorageBackend:
    """Return the kind of storage that the URL's scheme chooses; raise `SettingsError` for none."""
    scheme = url.partition(":")[0].lower()
    backends = (POSTGRES, *additions.storage_backends)
    for backend in backends:
        if scheme in backend.schemes:
            return backend.fitted(
                StorageSurroundings(
                    settings=additions.storage_settings.get(scheme),
                    backend_for=lambda other: backend_for(other, additions),
                )
            )
    known = ", ".join(sorted(one for backend in backends for one in backend.schemes))
    raise SettingsError(f"HEXDESK_DATABASE_URL: no storage for {scheme!r}; installed are {known}")


def operators_database(settings: Settings) -> str:
    """Return where the operator's own database is, if hexdesk can and should use it.

    One that only this installation uses is brought up to date here. Raise `SettingsError` without
    one, and for one that cannot be used.
    """
    url = needed_database_url(settings)
    backend = backend_of(settings, url)
    if not backend.is_shared:
        upgrade_database(settings, url, None)
    problem = asyncio.run(backend.problem(url))
    if problem:
        raise SettingsError(problem)
    return url


def backend_of(settings: Settings, url: str) -> StorageBackend:
    """Return the kind of storage that a URL chooses, of PostgreSQL and what plugins bring."""
    if is_postgres(url):
        return POSTGRES
    return backend_for(url, load_installed_plugins(settings).additions)


def is_postgres(url: str) -> bool:
    """Tell whether a URL chooses PostgreSQL."""
    return url.partition(":")[0].lower() in POSTGRES.schemes


def upgrade_database(settings: Settings, url: str, app_password: str | None) -> str:
    """Bring a database to what this version needs; return the name of that state.

    Raise `SettingsError` for a database that cannot be reached or may not be changed.
    """
    backend = backend_of(settings, url)
    try:
        if backend is POSTGRES:
            return upgrade_postgres(url, app_password)
        return asyncio.run(backend.upgrade(url))
    except InvalidError as error:
        raise SettingsError(str(error)) from error
