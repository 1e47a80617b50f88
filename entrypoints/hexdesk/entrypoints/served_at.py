"""Where `up` serves the API, kept in the data directory for the commands that call it."""

from pathlib import Path

from hexdesk.entrypoints.settings import Settings

NAME = "api_url"


def keep_api_url(url: str, data_dir: Path) -> None:
    """Keep where the API is served."""
    (data_dir / NAME).write_text(url + "\n")


def kept_api_url(data_dir: Path) -> str | None:
    """Return where `up` serves the API, or did the last time; None if it never has."""
    try:
        return (data_dir / NAME).read_text().strip() or None
    except OSError:
        return None


def find_api(settings: Settings, data_dir: Path) -> str:
    """Return where to call the API: where the environment says, `up` serves, or by default."""
    told = settings.environment.get("HEXDESK_PUBLIC_URL")
    return told or kept_api_url(data_dir) or settings.public_url
