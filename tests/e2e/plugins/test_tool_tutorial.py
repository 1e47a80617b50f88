"""The tutorial of the first tool plugin, typed in as it is written."""

from pathlib import Path

from tests.beside import run
from tests.e2e.plugins.tutorials import beside_with_uv, steps, typed, unseen

PAGE = "docs/tutorials/your-first-tool-plugin.md"


def test_whoever_types_what_the_tutorial_says_gets_what_it_shows(tmp_path: Path) -> None:
    beside = beside_with_uv(tmp_path / "venv")
    place = tmp_path / "clone"
    place.mkdir()
    path_to_uv = f"PATH={beside.folder / 'bin'}:$PATH"
    ran: list[str] = []
    for path, language, block in steps(PAGE):
        if language == "python":
            assert (place / path).is_file(), path
            (place / path).write_text(block, encoding="utf-8")
            continue
        for command, shown in typed(block):
            if command.startswith("cd "):
                place /= command.removeprefix("cd ")
                continue
            said = run("sh", "-c", f"{path_to_uv}; {command}", cwd=place)
            assert unseen(shown, said) == [], said
            ran.append(command)

    assert ran[-1] == "uv run --project .. hexdesk plugins show parcels"
