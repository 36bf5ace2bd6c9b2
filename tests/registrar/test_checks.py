"""SERVICE_CHECK_* attributes become what Consul takes; the numbers are those of the vectors."""

from typing import Any

import pytest

from registrar.core.checks import CheckTarget, checks_for

CID = "0123456789abcdef" * 4
TARGET = CheckTarget(
    service_id="host1:c1:80", host="192.168.1.102", port=8080, container_id=CID, internal_port=80
)
HERE = "192.168.1.102:8080"
V6 = CheckTarget(
    service_id="host1:c1:80", host="2001:db8::1", port=8080, container_id=CID, internal_port=80
)

ROWS: list[tuple[str, dict[str, str], dict[str, Any]]] = [
    (
        "57 http",
        {"check_http": "/h", "check_timeout": "1s", "check_http_method": "HEAD"},
        {"HTTP": f"http://{HERE}/h", "Timeout": "1s", "Method": "HEAD", "Interval": "10s"},
    ),
    (
        "60 better: a script that needs no shell is split",
        {"check_script": "nc $SERVICE_IP $SERVICE_PORT"},
        {"ScriptArgs": ["nc", "192.168.1.102", "8080"], "Interval": "10s"},
    ),
    (
        "61 grpc",
        {
            "check_grpc": "1",
            "check_grpc_use_tls": "1",
            "check_tls_skip_verify": "1",
            "check_initial_status": "passing",
            "check_deregister_after": "10m",
        },
        {
            "GRPC": HERE,
            "GRPCUseTLS": True,
            "TLSSkipVerify": True,
            "Interval": "10s",
            "Status": "passing",
            "DeregisterCriticalServiceAfter": "10m",
        },
    ),
    (
        "a missing slash is added",
        {"check_http": "health?x=1"},
        {"HTTP": f"http://{HERE}/health?x=1", "Interval": "10s"},
    ),
    (
        "https, whose certificate need not be valid",
        {
            "check_https": "/",
            "check_tls_skip_verify": "true",
            "check_tls_server_name": "web.example.com",
            "check_https_method": "HEAD",
        },
        {
            "HTTP": f"https://{HERE}/",
            "TLSSkipVerify": True,
            "TLSServerName": "web.example.com",
            "Method": "HEAD",
            "Interval": "10s",
        },
    ),
    (
        "registrator's spelling of the method wins",
        {"check_http": "/", "check_method": "GET", "check_http_method": "POST"},
        {"HTTP": f"http://{HERE}/", "Method": "POST", "Interval": "10s"},
    ),
    (
        "body and header",
        {"check_http": "/", "check_body": "{}", "check_header": "X-A: 1\nX-A: 2\nHost: h:1"},
        {
            "HTTP": f"http://{HERE}/",
            "Body": "{}",
            "Header": {"X-A": ["1", "2"], "Host": ["h:1"]},
            "Interval": "10s",
        },
    ),
    (
        "header as JSON",
        {"check_http": "/", "check_header": '{"X-A": "1", "X-B": ["2", "3"]}'},
        {
            "HTTP": f"http://{HERE}/",
            "Header": {"X-A": ["1"], "X-B": ["2", "3"]},
            "Interval": "10s",
        },
    ),
    (
        "cmd is called as it always was",
        {"check_cmd": "/check.sh a | b"},
        {"ScriptArgs": ["check-cmd", CID[:12], "80", "/check.sh a | b"], "Interval": "10s"},
    ),
    (
        "a script with a pipe is the shell's",
        {"check_script": "curl -s $SERVICE_IP | grep ok"},
        {"ScriptArgs": ["/bin/sh", "-c", "curl -s 192.168.1.102 | grep ok"], "Interval": "10s"},
    ),
    (
        "an unbalanced quote is the shell's to complain about",
        {"check_script": "echo it's"},
        {"ScriptArgs": ["/bin/sh", "-c", "echo it's"], "Interval": "10s"},
    ),
    (
        "an assignment is the shell's",
        {"check_script": "A=1 env"},
        {"ScriptArgs": ["/bin/sh", "-c", "A=1 env"], "Interval": "10s"},
    ),
    (
        "quotes are undone",
        {"check_script": "/bin/check 'a b' \"c d\" e=f", "check_interval": "1m30s"},
        {"ScriptArgs": ["/bin/check", "a b", "c d", "e=f"], "Interval": "1m30s"},
    ),
    ("ttl", {"check_ttl": "30s"}, {"TTL": "30s"}),
    ("tcp", {"check_tcp": "any"}, {"TCP": HERE, "Interval": "10s"}),
    (
        "udp, with counts",
        {
            "check_udp": "1",
            "check_success_before_passing": "2",
            "check_failures_before_critical": "3",
            "check_failures_before_warning": "1",
        },
        {
            "UDP": HERE,
            "Interval": "10s",
            "SuccessBeforePassing": 2,
            "FailuresBeforeCritical": 3,
            "FailuresBeforeWarning": 1,
        },
    ),
    (
        "h2ping without TLS, which is its default",
        {"check_h2ping": "1", "check_h2ping_use_tls": "no"},
        {"H2PING": HERE, "Interval": "10s", "H2PingUseTLS": False},
    ),
    (
        "tcp over TLS",
        {"check_tcp": "1", "check_tcp_use_tls": "1"},
        {"TCP": HERE, "Interval": "10s", "TCPUseTLS": True},
    ),
    (
        "grpc, one service",
        {"check_grpc": "my.Service"},
        {"GRPC": f"{HERE}/my.Service", "Interval": "10s"},
    ),
    ("alias", {"check_alias": "host1:db:5432"}, {"AliasService": "host1:db:5432"}),
    (
        "docker: variables are those of the container",
        {"check_docker": "test -n $SERVICE_PORT", "check_name": "inside", "check_notes": "n"},
        {
            "DockerContainerID": CID,
            "Shell": "/bin/sh",
            "ScriptArgs": ["/bin/sh", "-c", "test -n $SERVICE_PORT"],
            "Interval": "10s",
            "Name": "inside",
            "Notes": "n",
        },
    ),
    (
        "an index of its own needs no explicit id",
        {"check_7_tcp": "1", "check_7_interval": "250ms"},
        {"TCP": HERE, "Interval": "250ms"},
    ),
    (
        "what says no is no check",
        {"check_tcp": "false", "check_grpc": "off", "check_ttl": "1h"},
        {"TTL": "1h"},
    ),
]


@pytest.mark.parametrize(
    ("attributes", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_one_check_is_as_in_the_table(attributes, expected):
    """Nothing is wrong, and Consul chooses the id."""
    assert ((expected,), []) == checks_for(attributes | {"name": "web", "region": "eu"}, TARGET)


@pytest.mark.parametrize("attributes", [{}, {"name": "x"}, {"check": "1"}, {"check_tcp": "off"}])
def test_no_attribute_no_check(attributes):
    """And nothing to say about it."""
    assert ((), []) == checks_for(attributes, TARGET)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("http", {"HTTP": "http://[2001:db8::1]:8080/x"}),
        ("https", {"HTTP": "https://[2001:db8::1]:8080/x"}),
        ("tcp", {"TCP": "[2001:db8::1]:8080"}),
        ("udp", {"UDP": "[2001:db8::1]:8080"}),
        ("h2ping", {"H2PING": "[2001:db8::1]:8080"}),
        ("grpc", {"GRPC": "[2001:db8::1]:8080/x"}),
    ],
)
def test_an_ipv6_address_stands_in_brackets(kind, expected):
    """Registrator left them out, and the check never passed."""
    assert ((expected | {"Interval": "10s"},), []) == checks_for({f"check_{kind}": "x"}, V6)


def test_further_checks_have_an_index_and_options_of_their_own():
    """The unindexed one keeps the id that Consul gives a single check."""
    attributes = {
        "check_ttl": "30s",
        "check_2_http": "/h",
        "check_2_interval": "5s",
        "check_10_tcp": "1",
    }
    assert (
        (
            {"CheckID": "service:host1:c1:80", "TTL": "30s"},
            {
                "CheckID": "service:host1:c1:80:2",
                "HTTP": f"http://{HERE}/h",
                "Interval": "5s",
            },
            {"CheckID": "service:host1:c1:80:10", "TCP": HERE, "Interval": "10s"},
        ),
        [],
    ) == checks_for(attributes, TARGET)


def test_of_two_kinds_the_first_in_registrators_order_is_taken():
    """Vector 58; the other is told how to be a further check."""
    bodies, faults = checks_for({"check_tcp": "true", "check_http": "/h"}, TARGET)
    assert [{"HTTP": f"http://{HERE}/h", "Interval": "10s"}] == list(bodies)
    assert [
        ("check_tcp", "`check_http` comes before it; number further checks, as in check_2_tcp")
    ] == faults


def test_options_alone_give_no_check():
    """Vector 62."""
    bodies, faults = checks_for(
        {"check_initial_status": "passing", "check_3_timeout": "1s"}, TARGET
    )
    assert bodies == ()
    assert ["check_initial_status", "check_3_timeout"] == [key for key, _ in faults]
    assert all("no check kind is named" in reason for _, reason in faults)
