import pytest

from charrnn.errors import SettingsError
from charrnn.service.settings import ServiceSettings, from_environment, variable


def test_flags_go_before_variables_and_ours_before_gradio_s():
    environment = {"GRADIO_SERVER_NAME": "0.0.0.0", "GRADIO_SERVER_PORT": "7000", "CHARRNN_PORT": "7001"}
    assert from_environment({}) == ServiceSettings()
    assert from_environment(environment) == ServiceSettings("0.0.0.0", 7001)
    assert from_environment(environment, {"port": 7002, "host": None}) == ServiceSettings("0.0.0.0", 7002)
    assert (
        from_environment({"CHARRNN_NO_PAGE": "Yes"}).no_page and not from_environment({"CHARRNN_NO_PAGE": "0"}).no_page
    )


def test_settings_pass_through_the_environment():
    settings = ServiceSettings(
        "0.0.0.0", 80, "m", 3, True, "ray", "a:1", "tokens", "https://a.example, https://b.example", "10.0.0.0/8,::1"
    )
    assert from_environment(settings.to_environment()) == settings
    assert settings.to_environment().keys() == {variable(name) for name in ServiceSettings.__dataclass_fields__}
    assert settings.origins == ["https://a.example", "https://b.example"]


@pytest.mark.parametrize(
    ("settings", "has_page"),
    [
        ({}, True),
        ({"no_page": True}, False),
        ({"workers": 2}, False),
        ({"engine": "ray"}, False),
        ({"token_file": "tokens"}, False),
    ],
)
def test_the_page_needs_one_process_and_no_tokens(settings, has_page):
    assert ServiceSettings(**settings).has_page == has_page


@pytest.mark.parametrize("content", ["", "\n\n", "short", "with a space in it", "näh" * 10, "good-enough-token-1\nbad"])
def test_token_files_that_no_client_could_use_are_refused(tmp_path, content):
    path = tmp_path / "tokens"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match="needs a token on each line"):
        ServiceSettings(token_file=str(path)).read_tokens()


def test_tokens_are_lines(tmp_path):
    path = tmp_path / "tokens"
    path.write_bytes(b"good-enough-token-1\r\n\n  good-enough-token-2")
    assert ServiceSettings(token_file=str(path)).read_tokens() == [b"good-enough-token-1", b"good-enough-token-2"]
    assert ServiceSettings().read_tokens() == []


def test_a_proxy_that_never_matches_is_refused():
    with pytest.raises(SettingsError, match="trusted_proxy 'nginx'"):
        ServiceSettings(trusted_proxy="10.0.0.1,nginx")


@pytest.mark.parametrize("origin", ["game.example", "https://game.example/", "https://", "ftp://game.example"])
def test_an_origin_that_never_matches_is_refused(origin):
    assert (
        ServiceSettings(cors="https://game.example:8443,http://localhost:3000,*").origins[1] == "http://localhost:3000"
    )
    with pytest.raises(SettingsError, match="must be an origin"):
        ServiceSettings(cors=origin)
