"""`hexdesk doctor`: what is configured, what works, and what to do."""

import json
import sys
from pathlib import Path

import click

MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "failure": ("✗", "red")}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="HEXDESK_DATA_DIR",
    default=Path(".hexdesk"),
    show_default=True,
    help="The data directory of `hexdesk up`.",
)
def doctor(data_dir: Path, *, as_json: bool) -> None:
    """Look at this machine and its settings; exit 1 if something must be mended."""
    from hexdesk.entrypoints.diagnosis import diagnose

    findings = diagnose(data_dir.expanduser().resolve())
    if as_json:
        click.echo(json.dumps({"findings": [one.as_json() for one in findings]}, indent=2))
    else:
        for one in findings:
            mark, colour = MARKS[one.status]
            click.echo(f"{click.style(mark, fg=colour)} {one.subject:<12} {one.found}")
            if one.fix:
                click.echo(f"  {'':<12} → {one.fix}")
    sys.exit(any(one.status == "failure" for one in findings))
