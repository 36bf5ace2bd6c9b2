"""SERVICE_CHECK_* attributes -> bodies of Consul's check definitions.

Consul refuses the whole registration for one field that it cannot read, so every value is looked at
here, and a bad one costs itself. Two things only the agent knows: scripts need
``enable_script_checks``, and a field that is newer than the agent is refused. Consul 1.8 knows all
but ``tls_server_name``, ``h2ping`` (1.10), ``failures_before_warning`` (1.11), ``udp`` (1.13) and
``tcp_use_tls`` (1.16.2).
"""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.strict import nearest
from registrar.core import check_values as values
from registrar.core.metadata import is_true

_PREFIX = "check_"
_INDEXED = re.compile(r"(?P<index>[1-9][0-9]?)_(?P<rest>.+)", re.DOTALL)
_SHELL = re.compile(r"[|&;<>()$`*?\[\]{}~#!\\\n\r]|^\s*\w+=")
_WORDS_FOR_YES = {"1", "t", "true", "y", "yes", "on"}
_INTERVAL = "10s"

_HTTP = frozenset({"http", "https"})
_TLS = _HTTP | {"grpc", "tcp", "h2ping"}
_POLLED = _TLS | {"cmd", "script", "udp", "docker"}
_ALL = _POLLED | {"ttl", "alias"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckTarget:
    """What is checked: where it listens, and the container it lives in."""

    service_id: str
    host: str
    port: int
    container_id: str
    internal_port: int

    @property
    def address(self) -> str:
        """``host:port``, IPv6 in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class _Option:
    """An option: the field it becomes, how its value is read, the kinds of check that have it."""

    field: str
    read: Callable[[str], Any]
    kinds: frozenset[str] = _ALL


# method comes before the spellings of registrator, which therefore win.
_OPTIONS = {
    "interval": _Option("Interval", values.duration, _POLLED),
    "timeout": _Option("Timeout", values.duration, _POLLED),
    "method": _Option("Method", values.method, _HTTP),
    "http_method": _Option("Method", values.method, frozenset({"http"})),
    "https_method": _Option("Method", values.method, frozenset({"https"})),
    "header": _Option("Header", values.header, _HTTP),
    "body": _Option("Body", str, _HTTP),
    "tls_skip_verify": _Option("TLSSkipVerify", is_true, _TLS),
    "tls_server_name": _Option("TLSServerName", values.server_name, _TLS),
    "grpc_use_tls": _Option("GRPCUseTLS", is_true, frozenset({"grpc"})),
    "tcp_use_tls": _Option("TCPUseTLS", is_true, frozenset({"tcp"})),
    "h2ping_use_tls": _Option("H2PingUseTLS", is_true, frozenset({"h2ping"})),
    "initial_status": _Option("Status", values.status),
    "deregister_after": _Option("DeregisterCriticalServiceAfter", values.duration),
    "success_before_passing": _Option("SuccessBeforePassing", values.count, _POLLED),
    "failures_before_critical": _Option("FailuresBeforeCritical", values.count, _POLLED),
    "failures_before_warning": _Option("FailuresBeforeWarning", values.count, _POLLED),
    "name": _Option("Name", str),
    "notes": _Option("Notes", str),
}

Body = dict[str, Any]
Faults = list[tuple[str, str]]


def checks_for(
    attributes: Mapping[str, str], target: CheckTarget
) -> tuple[tuple[Body, ...], Faults]:
    """The checks of one service, and what is wrong as (attribute, reason).

    ``attributes`` are lower-cased, without the ``SERVICE_`` prefix, none of them empty; those that
    do not start with ``check_`` are ignored. Unindexed ones give at most one check,
    ``check_<1..99>_*`` one more for each index. A single check has no CheckID, since Consul calls
    it ``service:<service id>``; of several, the unindexed one has that id, and the others
    ``service:<service id>:<index>``.
    """
    faults: Faults = []
    found: list[tuple[int, Body]] = []
    for index, given in sorted(_groups(attributes, faults).items()):
        body = _check(given, f"{_PREFIX}{index}_" if index else _PREFIX, target, faults)
        if body is not None:
            found.append((index, body))
    if len(found) > 1:
        first = f"service:{target.service_id}"
        found = [(n, {"CheckID": f"{first}:{n}" if n else first} | body) for n, body in found]
    return tuple(body for _, body in found), faults


def _groups(attributes: Mapping[str, str], faults: Faults) -> dict[int, dict[str, str]]:
    """Kinds and options by index; 0 stands for those without one."""
    groups: dict[int, dict[str, str]] = {}
    known = [*_KINDS, *_OPTIONS]
    for key in sorted(attributes):
        if not key.startswith(_PREFIX):
            continue
        rest = key.removeprefix(_PREFIX)
        indexed = _INDEXED.fullmatch(rest)
        index, rest = (int(indexed["index"]), indexed["rest"]) if indexed else (0, rest)
        if rest in known:
            groups.setdefault(index, {})[rest] = attributes[key]
        else:
            faults.append((key, _unknown(key, rest, known)))
    return groups


def _unknown(key: str, rest: str, known: list[str]) -> str:
    if re.match(r"\d+_", rest):
        return f"unknown; the number of a further check is 1 to 99, as in {_PREFIX}2_http"
    guess = nearest(rest, known)
    if guess:
        return f"unknown; did you mean `{key.removesuffix(rest)}{guess}`?"
    return f"unknown; a check is one of {', '.join(_KINDS)}, an option one of {', '.join(_OPTIONS)}"


def _check(given: dict[str, str], prefix: str, target: CheckTarget, faults: Faults) -> Body | None:
    """The check of one group; None if no kind is named, or its value is of no use."""
    named = [kind for kind in _KINDS if kind in given and not _is_off(kind, given[kind])]
    if not named:
        reason = f"no check kind is named; add {prefix}http, {prefix}tcp or another"
        faults += [(prefix + option, reason) for option in given if option in _OPTIONS]
        return None
    kind, *others = named
    further = f"`{prefix}{kind}` comes before it; number further checks, as in {_PREFIX}2_"
    faults += [(prefix + other, further + other) for other in others]
    try:
        body = _KINDS[kind](given[kind], target)
    except ValueError as error:
        faults.append((prefix + kind, str(error)))
        return None
    if kind in _POLLED:
        body["Interval"] = _INTERVAL
    _add_options(body, kind, given, prefix, faults)
    return body


def _is_off(kind: str, value: str) -> bool:
    return kind in {"tcp", "udp", "h2ping", "grpc"} and not is_true(value)


def _add_options(body: Body, kind: str, given: dict[str, str], prefix: str, faults: Faults) -> None:
    for name, option in _OPTIONS.items():
        if name not in given:
            continue
        if kind not in option.kinds:
            faults.append((prefix + name, f"has no meaning for a check of kind {kind}"))
            continue
        try:
            body[option.field] = option.read(given[name])
        except ValueError as error:
            faults.append((prefix + name, str(error)))
    _check_warning(body, prefix, faults)


def _check_warning(body: Body, prefix: str, faults: Faults) -> None:
    """Consul refuses a service whose check warns later than it turns critical."""
    warning, critical = body.get("FailuresBeforeWarning", 0), body.get("FailuresBeforeCritical", 0)
    if warning > critical:
        del body["FailuresBeforeWarning"]
        reason = f"{warning} is more than failures_before_critical, which is {critical}"
        faults.append((f"{prefix}failures_before_warning", reason))


def _http(value: str, target: CheckTarget) -> Body:
    return {"HTTP": f"http://{target.address}{_path(value)}"}


def _https(value: str, target: CheckTarget) -> Body:
    return {"HTTP": f"https://{target.address}{_path(value)}"}


def _path(value: str) -> str:
    path = value.strip()
    return path if path.startswith("/") else f"/{path}"


def _cmd(value: str, target: CheckTarget) -> Body:
    """The helper of the old gliderlabs/consul image, with the arguments it was called with."""
    return {"ScriptArgs": ["check-cmd", target.container_id[:12], str(target.internal_port), value]}


def _script(value: str, target: CheckTarget) -> Body:
    line = value.replace("$SERVICE_IP", target.host).replace("$SERVICE_PORT", str(target.port))
    return {"ScriptArgs": _command(line)}


def _docker(value: str, target: CheckTarget) -> Body:
    return {
        "DockerContainerID": target.container_id,
        "Shell": "/bin/sh",
        "ScriptArgs": _command(value),
    }


def _command(line: str) -> list[str]:
    """Program and arguments, with a shell in front only if the line needs one."""
    if not line.strip():
        raise ValueError("no command; write a program and its arguments")
    if not _SHELL.search(line):
        try:
            return shlex.split(line)
        except ValueError:
            # An unbalanced quote: the shell says so in the check's output.
            pass
    return ["/bin/sh", "-c", line]


def _ttl(value: str, target: CheckTarget) -> Body:
    return {"TTL": values.duration(value)}


def _tcp(value: str, target: CheckTarget) -> Body:
    return {"TCP": target.address}


def _udp(value: str, target: CheckTarget) -> Body:
    return {"UDP": target.address}


def _h2ping(value: str, target: CheckTarget) -> Body:
    return {"H2PING": target.address}


def _grpc(value: str, target: CheckTarget) -> Body:
    service = value.strip().strip("/")
    if service.lower() in _WORDS_FOR_YES:
        return {"GRPC": target.address}
    return {"GRPC": f"{target.address}/{service}"}


def _alias(value: str, target: CheckTarget) -> Body:
    service_id = value.strip()
    if not service_id or service_id == target.service_id:
        raise ValueError("write the id of another service on the same agent")
    return {"AliasService": service_id}


# The order decides which of several is taken; the first seven are registrator's, in its order.
_KINDS: dict[str, Callable[[str, CheckTarget], Body]] = {
    "http": _http,
    "https": _https,
    "cmd": _cmd,
    "script": _script,
    "ttl": _ttl,
    "tcp": _tcp,
    "grpc": _grpc,
    "udp": _udp,
    "h2ping": _h2ping,
    "alias": _alias,
    "docker": _docker,
}
