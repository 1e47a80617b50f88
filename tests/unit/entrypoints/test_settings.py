"""Settings: what each variable becomes, and how a wrong one is told."""

from pathlib import Path

import msgspec
import pytest

from hexdesk.core.model.limits import Rate
from hexdesk.entrypoints.settings import Settings, SettingsError, read_settings


def test_without_variables_everything_has_its_default() -> None:
    assert read_settings({}) == Settings(environment={})


def test_other_programs_variables_are_kept_for_credentials_alone() -> None:
    settings = read_settings({"OPENAI_API_KEY": "sk-1", "DATABASE_URL": "x"})

    assert settings == Settings(environment={"OPENAI_API_KEY": "sk-1", "DATABASE_URL": "x"})


def test_an_empty_variable_counts_as_not_set() -> None:
    settings = read_settings({"HEXDESK_SECRET_KEY": " ", "HEXDESK_MOST_RUNS": ""})

    assert (settings.secret_key, settings.most_runs) == (None, Settings().most_runs)


def test_text_becomes_what_the_setting_is() -> None:
    settings = read_settings(
        {
            "HEXDESK_DATABASE_URL": " postgresql://host/hexdesk ",
            "HEXDESK_DATABASE_POOL": "25",
            "HEXDESK_SLOW_MS": "250.5",
            "HEXDESK_RESPONSE_CACHE": "true",
            "HEXDESK_DATA_DIR": "~/desk",
        }
    )

    assert settings.database_url == "postgresql://host/hexdesk"
    assert settings.database_pool == 25
    assert settings.slow_ms == 250.5
    assert settings.response_cache is True
    assert settings.data_dir == Path("~/desk").expanduser()


def test_a_wrong_url_with_a_password_is_not_shown() -> None:
    with pytest.raises(SettingsError, match="HEXDESK_REDIS_URL cannot be") as refused:
        read_settings({"HEXDESK_REDIS_URL": "http://:se-cret@host"})

    assert "se-cret" not in str(refused.value)


def test_a_rate_keeps_its_name_and_period() -> None:
    settings = read_settings({"HEXDESK_RATE_LIMIT_LOGIN": "3"})

    assert settings.rate_limit_login == Rate("login", 3, 60)


def test_an_organization_has_no_rate_until_it_is_given_one() -> None:
    settings = read_settings({"HEXDESK_RATE_LIMIT_ORGANIZATION": "6000"})

    assert Settings().rate_limit_organization is None
    assert settings.rate_limit_organization == Rate("organization", 6000, 60)


def test_the_rates_are_named_as_their_variables_are() -> None:
    for field in msgspec.structs.fields(Settings):
        if isinstance(field.default, Rate):
            name = f"HEXDESK_{field.name.upper()}"
            assert getattr(read_settings({name: str(field.default.limit)}), field.name) == (
                field.default
            )


@pytest.mark.parametrize("text", ["off", "OFF", " Off "])
def test_a_rate_can_be_switched_off(text: str) -> None:
    assert read_settings({"HEXDESK_RATE_LIMIT_USER": text}).rate_limit_user is None


@pytest.mark.parametrize("text", ["0", "-1", "2.5", "many", "none"])
def test_a_rate_that_is_none_is_refused_with_what_would_be_one(text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({"HEXDESK_RATE_LIMIT_USER": text})

    assert str(refused.value) == (
        f"HEXDESK_RATE_LIMIT_USER must be a whole number per minute, or off; it is {text!r}"
    )


@pytest.mark.parametrize("text", ["debug", "DEBUG", "Debug"])
def test_the_log_level_may_be_written_in_any_case(text: str) -> None:
    assert read_settings({"HEXDESK_LOG_LEVEL": text}).log_level == "DEBUG"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("HEXDESK_MOST_RUNS", "many"),
        ("HEXDESK_TOOL_TIMEOUT", "10s"),
        ("HEXDESK_RESPONSE_CACHE", "perhaps"),
        ("HEXDESK_LOG_LEVEL", "LOUD"),
        ("HEXDESK_THREAD_WAIT", "0"),
        ("HEXDESK_RUN_LEASE", "-1"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_its_variable(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} cannot be '{text}': "):
        read_settings({name: text})


def test_proxies_are_named_as_networks() -> None:
    settings = read_settings({"HEXDESK_TRUSTED_PROXIES": "10.0.0.0/8, 127.0.0.1"})
    assert settings.trusted_proxies == ("10.0.0.0/8", "127.0.0.1")


def test_a_proxy_that_is_no_network_is_told() -> None:
    with pytest.raises(SettingsError, match=r"HEXDESK_TRUSTED_PROXIES must hold networks"):
        read_settings({"HEXDESK_TRUSTED_PROXIES": "nginx"})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("HEXDESK_DATABASE_POOL", "1"),
        ("HEXDESK_MOST_RUNS", "0"),
        ("HEXDESK_TOOL_TIMEOUT", "-1"),
        ("HEXDESK_SLOW_MS", "nan"),
        ("HEXDESK_PUBLIC_URL", "desk.example"),
        ("HEXDESK_MCP_URL", "localhost:8001"),
    ],
)
def test_a_value_that_cannot_be_used_is_told_with_its_name(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=name):
        read_settings({name: text})
