"""`ai_config.yaml`: what it becomes, and how a mistake is told with its line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hexdesk.core.model.ai_config import AIConfig, Credentials, ModelChoice
from hexdesk.entrypoints.ai_config import AIConfigError, find_ai_config, read_ai_config
from hexdesk.entrypoints.settings import SettingsError

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return what writes a file."""

    def written(text: str) -> Path:
        path = tmp_path / "ai_config.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def test_the_file_that_comes_with_hexdesk_is_in_order() -> None:
    root = Path(__file__).parents[3]

    config = read_ai_config(root / "ai_config.yaml", {"OPENAI_API_KEY": "sk-1"})

    assert (config.agent.model_provider, config.agent.model_name) == ("openai", "gpt-4o-mini")
    assert config.providers == {"openai": Credentials(api_key="sk-1")}


def test_an_empty_file_decides_nothing(write: Write) -> None:
    config = read_ai_config(write(""), {})

    assert (config.agent, config.prompts, config.models) == (
        AIConfig().agent,
        AIConfig().prompts,
        AIConfig().models,
    )


def test_openais_own_variables_count_where_the_file_says_nothing_of_them(write: Write) -> None:
    variables = {"OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": "http://gpu.lan/v1"}

    config = read_ai_config(write(""), variables)

    assert config.providers["openai"] == Credentials(api_key="sk-1", base_url="http://gpu.lan/v1")


def test_what_the_file_says_of_openai_is_stronger_than_its_variables(write: Write) -> None:
    path = write("providers:\n  openai:\n    api_key: ${OURS}\n")

    config = read_ai_config(path, {"OURS": "sk-ours", "OPENAI_API_KEY": "sk-1"})

    assert config.providers["openai"] == Credentials(api_key="sk-ours")


def test_what_the_file_says_is_read(write: Write) -> None:
    path = write(
        "agent:\n  tone: dry\n"
        "models:\n  allowed: ['openai:*']\n  fallback:\n  - {provider: x, name: y}\n"
    )

    config = read_ai_config(path, {})

    assert config.agent.decided() == {"tone": "dry"}
    assert config.models.allowed == ("openai:*",)
    assert config.models.fallback == (ModelChoice("x", "y"),)


def test_variables_stand_for_credentials(write: Write) -> None:
    path = write("providers:\n  openai:\n    api_key: ${KEY}\n    base_url: http://${HOST}/v1\n")

    config = read_ai_config(path, {"KEY": "sk-1", "HOST": "gpu.lan"})

    assert config.providers["openai"] == Credentials(api_key="sk-1", base_url="http://gpu.lan/v1")


def test_a_variable_that_is_not_set_leaves_the_credential_unset(write: Write) -> None:
    path = write("providers:\n  openai:\n    api_key: ${KEY}\n")

    assert read_ai_config(path, {}).providers["openai"] == Credentials()


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("agent:\n  name: Bo\n  temperature: hot\n", 3, "agent.temperature"),
        ("agent:\n  name: Bo\n  temperature: 3\n", 3, "agent.temperature"),
        ("agent:\n  name: ''\n", 2, "agent.name"),
        ("agent:\n  tone: dry\n\n  colour: red\n", 4, "colour"),
        ("# first\n\nagents:\n  name: Bo\n", 3, "agents"),
        ("agent:\n  tools_enabled:\n  - get_ticket\n  - get ticket\n", 4, "agent.tools_enabled"),
        ("models:\n  fallback:\n  - {provider: x, name: y}\n  - {provider: x}\n", 4, "name"),
        ("providers:\n  openai:\n    api_key: ${KEY}\n    key: x\n", 4, "key"),
        ("providers:\n  openai: ${KEY}\n", 2, "providers"),
        ("prompts:\n  tones:\n    dry: [1]\n", 3, "tones"),
        ("agent: hello\n", 1, "agent"),
        ("- agent\n", 1, "array"),
    ],
)
def test_a_value_that_breaks_a_rule_is_told_with_its_line(
    write: Write, text: str, line: int, reason: str
) -> None:
    with pytest.raises(AIConfigError) as refused:
        read_ai_config(write(text), {})

    assert str(refused.value).startswith(f"ai_config.yaml, line {line}: ")
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("agent:\n  name: Bo\n  tone: 'dry\n", 3),
        ("agent:\n\ttone: dry\n", 2),
        ("agent:\n  tone: dry\n  tone: : x\n", 3),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(write: Write, text: str, line: int) -> None:
    with pytest.raises(AIConfigError, match=rf"^ai_config\.yaml, line [{line}{line + 1}]: "):
        read_ai_config(write(text), {})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("agent:\n  name: Bo\n  prompt: The key is ${KEY}.\n", 3),
        ("models:\n  allowed:\n  - ${MODEL}\n", 3),
    ],
)
def test_variables_in_what_is_shown_or_prompted_are_refused(
    write: Write, text: str, line: int
) -> None:
    with pytest.raises(AIConfigError) as refused:
        read_ai_config(write(text), {"KEY": "sk-1", "MODEL": "x"})

    assert str(refused.value) == (
        f"ai_config.yaml, line {line}: variables are for provider credentials only"
    )


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"

    with pytest.raises(AIConfigError) as refused:
        read_ai_config(path, {})

    assert str(refused.value) == f"cannot read {str(path)!r}: No such file or directory"


def test_a_mistake_in_the_file_is_a_setting_that_cannot_be_used() -> None:
    assert issubclass(AIConfigError, SettingsError)


def test_the_file_that_is_asked_for_is_taken(tmp_path: Path) -> None:
    assert find_ai_config(tmp_path / "mine.yaml") == tmp_path / "mine.yaml"


def test_the_folders_own_file_comes_before_the_shipped_one(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write("").parent)

    assert find_ai_config(None).resolve() == write("").resolve()


def test_anywhere_else_the_shipped_file_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert read_ai_config(find_ai_config(None), {}).agent.name == "Customer Support Specialist"
