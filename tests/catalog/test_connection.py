"""How an agent is reached: what the environment says, and what is wrong with it."""

import os
from pathlib import Path

import pytest

from catalog.agent import ConsulAgent
from catalog.errors import ConnectionSettingsError
from catalog.token import TokenSource, basic_auth
from catalog.uri import AgentAddress

TLS = AgentAddress("127.0.0.1", 8501, tls=True)
FILE = "CONSUL_HTTP_TOKEN_FILE"


def write(file: Path, text: str) -> None:
    """As a secret's keeper does: beside it, then in its place."""
    fresh = file.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(file)


def test_a_token_file_wins_over_the_variable_and_is_read_again(tmp_path):
    """As in Consul's own client; a token that is renewed must not need a restart."""
    file = tmp_path / "token"
    write(file, "one\n")
    source = TokenSource({FILE: str(file), "CONSUL_HTTP_TOKEN": "other"})
    assert source.current() == "one"
    write(file, "two")
    assert source.current() == "two"
    assert source.origin == f"{FILE}={file}"


def test_a_file_written_in_place_is_read_again(tmp_path):
    """The same inode and size: the time tells."""
    file = tmp_path / "token"
    file.write_text("one")
    os.utime(file, ns=(1, 1))
    source = TokenSource({FILE: str(file)})
    file.write_text("two")
    assert source.current() == "two"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda file: file.unlink(), "cannot be read: No such file"),
        (lambda file: write(file, " \n"), "is empty"),
        (lambda file: write(file, "two\nlines"), "holds no token"),
        (lambda file: file.write_bytes(b"\xff\xfe"), "cannot be read: 'utf-8' codec"),
    ],
)
def test_a_file_that_goes_bad_leaves_the_last_token_and_is_told_once(
    tmp_path, caplog, spoil, words
):
    """The agent is asked many times a second in an outage; one line says why."""
    file = tmp_path / "token"
    write(file, "one")
    source = TokenSource({FILE: str(file)})
    for _ in range(2):
        caplog.clear()
        spoil(file)
        assert {source.current() for _ in range(3)} == {"one"}
        (line,) = caplog.messages
        assert words in line
        assert str(file) in line
        write(file, "one")
        assert source.current() == "one"


@pytest.mark.parametrize(
    ("content", "words"), [(None, "cannot be read: No such file"), ("", "is empty")]
)
def test_a_file_that_is_bad_at_the_start_is_an_error(tmp_path, content, words):
    """There is no last token to go on with."""
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConnectionSettingsError, match=rf"{FILE}: {file} {words}.*; put the token"):
        ConsulAgent(AgentAddress("h", 1), {FILE: str(file)})


def test_a_token_in_the_variable_may_end_in_a_newline():
    """It came from a file, through a shell."""
    assert TokenSource({"CONSUL_HTTP_TOKEN": "one\n"}).current() == "one"
    with pytest.raises(ConnectionSettingsError, match="CONSUL_HTTP_TOKEN: holds no token"):
        TokenSource({"CONSUL_HTTP_TOKEN": "two\nlines"})


def test_user_and_password_are_split_at_the_first_colon():
    """A password may have more of them."""
    assert basic_auth({"CONSUL_HTTP_AUTH": "me:a:b"}) == (b"me", b"a:b")
    assert basic_auth({"CONSUL_HTTP_AUTH": "mé"}) == ("mé".encode(), b"")
    assert basic_auth({}) is None


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"CONSUL_CACERT": "/no/ca.pem"}, "CONSUL_CACERT: /no/ca.pem cannot be read: No such"),
        ({"CONSUL_CACERT": __file__}, "holds no certificate"),
        ({"CONSUL_CAPATH": "/no/ca"}, "CONSUL_CAPATH: /no/ca cannot be read: No such"),
        ({"CONSUL_CAPATH": str(Path(__file__).parent)}, "holds no certificate"),
        ({"CONSUL_CLIENT_CERT": "/c"}, "CONSUL_CLIENT_KEY: not set, but CONSUL_CLIENT_CERT is"),
        ({"CONSUL_CLIENT_KEY": "/k"}, "CONSUL_CLIENT_CERT: not set, but CONSUL_CLIENT_KEY is"),
        ({"CONSUL_CLIENT_CERT": "/no/c", "CONSUL_CLIENT_KEY": "/no/k"}, "/no/c cannot be read"),
        (
            {"CONSUL_CLIENT_CERT": __file__, "CONSUL_CLIENT_KEY": "/no/k"},
            "CONSUL_CLIENT_KEY: /no/k cannot be read",
        ),
        ({"CONSUL_CLIENT_CERT": __file__, "CONSUL_CLIENT_KEY": __file__}, "cannot be used"),
        ({"CONSUL_HTTP_SSL_VERIFY": "no"}, "CONSUL_HTTP_SSL_VERIFY: `no` is no yes or no"),
    ],
)
def test_a_setting_of_tls_that_cannot_be_followed_is_told_at_the_start(environment, words):
    """Not at the first call, and not where there is no TLS."""
    with pytest.raises(ConnectionSettingsError) as caught:
        ConsulAgent(TLS, environment)
    assert words in str(caught.value)
    ConsulAgent(AgentAddress("127.0.0.1", 8500), environment)


def test_a_certificate_that_is_not_checked_is_told(caplog):
    """Whoever reads the log can see it; consul-tls:// cannot be told to."""
    off = {"CONSUL_HTTP_SSL_VERIFY": "false", "CONSUL_CACERT": "/no/ca.pem"}
    ConsulAgent(TLS, off)
    assert ["https://127.0.0.1:8501: CONSUL_HTTP_SSL_VERIFY is false"] == [
        line.partition(",")[0] for line in caplog.messages
    ]
    with pytest.raises(ConnectionSettingsError, match="CONSUL_CACERT"):
        ConsulAgent(AgentAddress("h", 1, tls=True, always_verify=True), off)
