"""Reads `ai_config.yaml`; a mistake is told with its line."""

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import msgspec
import yaml

from hexdesk.core.model.ai_config import AIConfig, Credentials
from hexdesk.entrypoints.settings import SettingsError

NAME = "ai_config.yaml"
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class AIConfigError(SettingsError):
    """The file cannot be used; the message names the line."""


def find_ai_config(wanted: Path | None) -> Path:
    """Return the file to read: the one that is asked for, the folder's own, or the shipped one."""
    if wanted:
        return wanted
    here = Path(NAME)
    packaged = Path(str(files(__package__ or "") / NAME))
    checkout = Path(__file__).parents[3] / NAME
    return next((one for one in (here, packaged) if one.is_file()), checkout)


def read_ai_config(path: Path, environment: Mapping[str, str]) -> AIConfig:
    """Return the configuration; `${NAME}` stands for a variable in provider credentials only.

    Raise `AIConfigError` for a file that cannot be read, is no YAML, or breaks a rule.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise AIConfigError(f"cannot read {str(path)!r}: {error.strerror}") from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        content: Any = yaml.safe_load(text) or {}
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise AIConfigError(f"{path.name}, line {line}: {error.problem}") from error
    _fill(content, environment)
    try:
        config = msgspec.convert(content, AIConfig)
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at `$")
        steps = _steps(where.rstrip("`"), reason)
        line = _line(root, steps)
        raise AIConfigError(f"{path.name}, line {line}: {reason} ({'.'.join(steps)})") from error
    _refuse_variables(root, path)
    return _with_openai(config, environment)


def _with_openai(config: AIConfig, environment: Mapping[str, str]) -> AIConfig:
    """Return the configuration with OpenAI's own variables, where the file says nothing of them."""
    said = config.providers.get("openai", Credentials())
    openai = Credentials(
        api_key=said.api_key or environment.get("OPENAI_API_KEY") or None,
        base_url=said.base_url or environment.get("OPENAI_BASE_URL") or None,
    )
    return msgspec.structs.replace(config, providers={**config.providers, "openai": openai})


def _fill(content: Any, environment: Mapping[str, str]) -> None:
    """Replace variables in credentials; one that is not set leaves the credential unset.

    What has another shape stays as it is: the check that follows tells what is wrong with it.
    """
    for credentials in _values(_mapping(content).get("providers")):
        fields = _mapping(credentials)
        for key, value in fields.items():
            if isinstance(value, str):
                filled = VARIABLE.sub(lambda found: environment.get(found[1], ""), value)
                fields[key] = filled or None


def _mapping(value: Any) -> dict[Any, Any]:
    return cast("dict[Any, Any]", value) if isinstance(value, dict) else {}


def _values(value: Any) -> list[Any]:
    return list(_mapping(value).values())


def _steps(where: str, reason: str) -> list[str]:
    """Return the path to a mistake: `.agent.temperature`, with the unknown field at its end."""
    steps = re.findall(r"\.([^.\[\]]+)|\[([^\]]*)\]", where)
    found = [name or index for name, index in steps]
    unknown = re.search(r"unknown field `([^`]+)`", reason)
    return [*found, unknown[1]] if unknown else found


def _line(node: yaml.Node | None, steps: list[str]) -> int:
    """Return the line of the node at the end of the path, or of the last one there is."""
    line = node.start_mark.line + 1 if node else 1
    for step in steps:
        if isinstance(node, yaml.MappingNode):
            pair = next((one for one in node.value if step in (one[0].value, "...")), None)
        elif isinstance(node, yaml.SequenceNode) and step.isdigit() and int(step) < len(node.value):
            pair = (node.value[int(step)], node.value[int(step)])
        else:
            pair = None
        if pair is None:
            break
        line, node = pair[0].start_mark.line + 1, pair[1]
    return line


def _refuse_variables(root: yaml.Node | None, path: Path) -> None:
    """Refuse `${NAME}` in values that are shown or prompted: a secret would end up there."""
    for key, section in root.value if isinstance(root, yaml.MappingNode) else ():
        if key.value in ("agent", "models"):
            for scalar in _scalars(section):
                if VARIABLE.search(scalar.value):
                    line = scalar.start_mark.line + 1
                    raise AIConfigError(
                        f"{path.name}, line {line}: variables are for provider credentials only"
                    )


def _scalars(node: yaml.Node) -> list[yaml.ScalarNode]:
    match node:
        case yaml.ScalarNode():
            return [node]
        case yaml.MappingNode():
            return [one for pair in node.value for part in pair for one in _scalars(part)]
        case yaml.SequenceNode():
            return [one for part in node.value for one in _scalars(part)]
        case _:
            return []
