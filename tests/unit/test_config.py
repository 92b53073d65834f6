"""Settings: read strictly, and refused in production where they would break a promise."""

import stat
from dataclasses import fields, replace
from pathlib import Path

import pytest

from app.config import LOCAL_SECRET_BYTES, Mode, Settings, UnsafeSettingsError

SAFE = {
    "mode": "production",
    "secret_key": "k" * LOCAL_SECRET_BYTES,
    "database_url": "postgresql+psycopg://application@db.example/candour",
    "owner_url": "postgresql+psycopg://owner@db.example/candour",
    "public_url": "https://candour.example/",
    "trusted_proxies": "1",
    "smtp_host": "mail.example",
}


def _variables(**chosen: str) -> dict[str, str]:
    return {f"CANDOUR_{name.upper()}": value for name, value in chosen.items()}


def _settings(instance: Path, **chosen: str) -> Settings:
    return Settings.from_environment(_variables(instance=str(instance), **chosen))


def test_a_safe_production_starts(tmp_path: Path) -> None:
    settings = _settings(tmp_path, **SAFE)
    settings.refuse_unsafe()
    assert settings.mode is Mode.PRODUCTION


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"secret_key": ""}, "CANDOUR_SECRET_KEY"),
        ({"secret_key": "k" * (LOCAL_SECRET_BYTES - 1)}, "CANDOUR_SECRET_KEY"),
        ({"debug": "true"}, "CANDOUR_DEBUG"),
        ({"public_url": "http://candour.example/"}, "CANDOUR_PUBLIC_URL"),
        ({"trusted_proxies": "0"}, "CANDOUR_TRUSTED_PROXIES"),
        ({"owner_url": ""}, "CANDOUR_OWNER_URL"),
        ({"owner_url": SAFE["database_url"]}, "CANDOUR_OWNER_URL"),
        (
            {"owner_url": "postgresql+psycopg://application:" + "hush" + "@db.example:5432/candour"},
            "CANDOUR_OWNER_URL",
        ),
        ({"smtp_host": ""}, "CANDOUR_SMTP_HOST"),
        ({"smtp_user": "candour", "smtp_password": "hush"}, "CANDOUR_SMTP_STARTTLS"),
    ],
)
def test_production_refuses_to_start_unsafe(tmp_path: Path, change: dict[str, str], named: str) -> None:
    settings = _settings(tmp_path, **(SAFE | change))
    with pytest.raises(UnsafeSettingsError, match=named):
        settings.refuse_unsafe()


def test_a_demonstration_starts_with_nothing_set(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    settings.refuse_unsafe()
    assert settings.is_demonstration
    assert settings.writer_url == f"sqlite:///{tmp_path}/candour.sqlite3"


def test_production_never_makes_a_secret_up(tmp_path: Path) -> None:
    settings = _settings(tmp_path, **(SAFE | {"secret_key": ""})).with_kept_secret()
    assert settings.secret_key == ""
    assert not (tmp_path / "secret").exists()


def test_a_demonstration_keeps_the_secret_it_made_where_only_its_owner_reads(tmp_path: Path) -> None:
    first = Settings(instance=tmp_path).with_kept_secret()
    assert len(first.secret_key) >= LOCAL_SECRET_BYTES
    assert Settings(instance=tmp_path).with_kept_secret().secret_key == first.secret_key
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_a_secret_that_was_set_is_kept(tmp_path: Path) -> None:
    assert Settings(instance=tmp_path, secret_key="chosen").with_kept_secret().secret_key == "chosen"


def test_a_variable_beats_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('operator_name = "from the file"\nsession_hours = 4\n')
    settings = _settings(tmp_path, operator_name="from the shell")
    assert settings.operator_name == "from the shell"
    assert settings.session_hours == 4


@pytest.mark.parametrize("line", ['colour = "red"', 'instance = "/elsewhere"', "[operator]"])
def test_an_unknown_name_in_the_file_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "config.toml").write_text(line)
    with pytest.raises(UnsafeSettingsError):
        _settings(tmp_path)


def test_a_misspelt_variable_is_refused_and_not_passed_over(tmp_path: Path) -> None:
    with pytest.raises(UnsafeSettingsError, match="operater"):
        _settings(tmp_path, operater="DEMO-LARK")


def test_other_programs_variables_are_none_of_ours(tmp_path: Path) -> None:
    settings = Settings.from_environment({"CANDOUR_INSTANCE": str(tmp_path), "PORT": "1", "HOME": "/"})
    assert settings.instance == tmp_path


@pytest.mark.parametrize(
    "line",
    [
        "session_hours = true",
        "session_hours = 1.5",
        "session_hours = [1]",
        'session_hours = "many"',
        "debug = 1",
        "operator = 7",
        'mode = "testing"',
        "secret_key",
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "config.toml").write_text(line)
    with pytest.raises(UnsafeSettingsError):
        _settings(tmp_path)


@pytest.mark.parametrize("name", ["trusted_proxies", "smtp_port", "debug", "mode"])
def test_a_variable_that_makes_no_sense_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsafeSettingsError, match=name):
        _settings(tmp_path, **{name: "perhaps"})


@pytest.mark.parametrize(
    ("written", "meant"),
    [("1", True), ("TRUE", True), ("yes", True), ("0", False), ("no", False), ("", False)],
)
def test_yes_and_no_are_read_in_every_usual_way(tmp_path: Path, written: str, meant: bool) -> None:
    assert _settings(tmp_path, debug=written).debug is meant


def test_cookies_are_bound_to_https_where_the_address_is() -> None:
    secure = replace(Settings(), public_url="https://candour.example/").for_flask()
    assert secure["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert secure["SESSION_COOKIE_SECURE"] is True
    assert Settings().for_flask()["SESSION_COOKIE_SECURE"] is False


def test_settings_do_not_print_their_secrets() -> None:
    shown = repr(Settings(secret_key="do-not-print-me", smtp_password="nor-me", database_url="nor//this"))
    assert "do-not-print-me" not in shown
    assert "nor-me" not in shown
    assert "nor//this" not in shown


def test_every_setting_has_a_default() -> None:
    assert all(field.default is not field.default_factory for field in fields(Settings))


def test_a_demonstration_writes_the_address_at_which_it_serves_into_its_mail(tmp_path):
    environment = {"CANDOUR_INSTANCE": str(tmp_path), "PORT": "5073"}
    assert Settings.from_environment(environment).public_url == "http://127.0.0.1:5073/"
    told = Settings.from_environment({**environment, "CANDOUR_PUBLIC_URL": "https://candour.example/"})
    assert told.public_url == "https://candour.example/"
