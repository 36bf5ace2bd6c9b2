"""What containers resolve names with, as commands, and what each of them says to a name."""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

NOT_FOUND = "not found"
# Addresses, NOT_FOUND, or else whatever the client said instead.
Outcome = frozenset[str] | str

MUSL = "/usr/local/bin/look_up"
CONSUL = "/usr/local/bin/consul"
# The folder with dnspython in it.
DNSPYTHON = "/usr/local/lib/dnspython"
# All of them ask again after five seconds: less is an answer to the first question.
FIRST_TRY_S = 4
_NAME, _CODE = "\x1e", "\x1d"

_PYTHON = """
import socket, sys
try:
    found = socket.getaddrinfo(sys.argv[1], None, type=socket.SOCK_STREAM)
except socket.gaierror as error:
    names = {getattr(socket, name): name for name in dir(socket) if name.startswith("EAI_")}
    sys.exit(names[error.errno])
print(*(address[0] for *_, address in found), sep="\\n")
"""
_DNSPYTHON = """
import sys
import dns.resolver
try:
    found = dns.resolver.resolve_name(sys.argv[1], search=True)
except dns.resolver.NXDOMAIN:
    sys.exit("NXDOMAIN")
print(*found.addresses(), sep="\\n")
"""


@dataclass(frozen=True)
class Client:
    """A resolver: how it is asked, what it says, and what of the name it can show.

    ``command`` takes the name and a port; ``outcome`` its exit code and output. ``search``: whether
    it appends the suffixes of resolv.conf, some of them only to names with fewer dots than ndots.
    ``some``: it shows only the addresses that it went to. ``only_its_families``: it leaves out AAAA
    where the container has no IPv6 (AI_ADDRCONFIG).
    """

    command: Callable[[str, int], Sequence[str]]
    outcome: Callable[[int, str], Outcome]
    search: Literal["always", "ndots", "never"] = "always"
    some: bool = False
    only_its_families: bool = False


def _listed(absent: int, word: str = "") -> Callable[[int, str], Outcome]:
    """For those that print one address a line, and exit with ``absent`` and a word otherwise."""

    def outcome(code: int, said: str) -> Outcome:
        if code == 0:
            return frozenset(line.split()[0] for line in said.splitlines())
        return NOT_FOUND if code == absent and word in said else f"exit {code}: {said}"

    return outcome


def _asked(code: int, said: str) -> Outcome:
    """For dig and its kin, asked for A and AAAA: what the two replies hold."""
    statuses = set(re.findall(r"(?:status|rcode): (\w+)", said))
    if statuses == {"NOERROR"}:
        return frozenset(re.findall(r"^\S+\s+\d+\s+IN\s+A(?:AAA)?\s+(\S+)", said, re.MULTILINE))
    return NOT_FOUND if statuses == {"NXDOMAIN"} else f"exit {code}: {said}"


def _tried(code: int, said: str) -> Outcome:
    """For curl: where it went. That there is no way to it (7) says nothing of the name."""
    if code in {0, 7}:
        return frozenset(re.findall(r"Trying \[?([0-9a-f.:]+?)\]?:\d+\.\.\.", said))
    unknown = code == 6 and "Could not resolve host" in said
    return NOT_FOUND if unknown else f"exit {code}: {said}"


def _dialled(code: int, said: str) -> Outcome:
    """For Consul's own client, sent to a port where nobody listens: Go names the address."""
    if not used_gos_resolver(said):
        return f"not Go's own resolver: {said}"
    found = re.search(r"dial tcp \[?([0-9a-f.:]+?)\]?:\d+: connect: ", said)
    if found:
        return frozenset({found[1]})
    return NOT_FOUND if "no such host" in said else f"exit {code}: {said}"


def used_gos_resolver(said: str) -> bool:
    """Whether a Go program under netdns=go+2 tells that it did not ask the C library."""
    return re.search(r"hostLookupOrder\(\S+\) = files,dns", said) is not None


def _both(tool: str) -> Callable[[str, int], Sequence[str]]:
    """The two questions of a host, one after the other."""
    return lambda name, _: ["sh", "-c", f"{tool} {name} A; {tool} {name} AAAA"]


def go_command(name: str, port: int) -> list[str]:
    """A program made with Go goes to an HTTP server, with Go's resolver, and tells which it was."""
    url = f"-http-addr=http://{name}:{port}"
    return ["env", "GODEBUG=netdns=go+2", CONSUL, "catalog", "services", url]


CLIENTS = {
    "getent": Client(
        lambda name, _: ["getent", "ahosts", name], _listed(2), only_its_families=True
    ),
    "python": Client(lambda name, _: ["python3", "-c", _PYTHON, name], _listed(1, "EAI_NONAME")),
    "dnspython": Client(
        lambda name, _: ["env", f"PYTHONPATH={DNSPYTHON}", "python3", "-c", _DNSPYTHON, name],
        _listed(1, "NXDOMAIN"),
    ),
    "musl": Client(lambda name, _: [MUSL, name], _listed(1, "EAI_NONAME"), search="ndots"),
    "curl": Client(
        lambda name, port: ["curl", "-v", "-o", "/dev/null", f"http://{name}:{port}/"],
        _tried,
        some=True,
    ),
    # A port where nobody listens.
    "go": Client(lambda name, _: go_command(name, 1), _dialled, some=True),
    "dig": Client(_both("dig +search"), _asked, search="ndots"),
    "kdig": Client(_both("kdig"), _asked, search="never"),
    "drill": Client(_both("drill"), _asked, search="never"),
}


def script(client: Client, names: Sequence[str], port: int) -> str:
    """A shell script that has the client look all names up, for :func:`outcomes` to read."""
    lines = []
    for name in names:
        command = shlex.join(["timeout", str(FIRST_TRY_S), *client.command(name, port)])
        lines += [f"printf '{_NAME}{name}\\n'", f"{command} 2>&1", f"printf '{_CODE}%d' $?"]
    return "\n".join(lines)


def outcomes(client: Client, output: str) -> dict[str, Outcome]:
    """What the script said, by name."""
    found = {}
    for part in output.split(_NAME)[1:]:
        name, _, rest = part.partition("\n")
        said, _, code = rest.rpartition(_CODE)
        found[name] = client.outcome(int(code), said)
    return found


def differences(
    client: Client, wanted: Mapping[str, Outcome], found: Mapping[str, Outcome]
) -> dict[str, tuple[Outcome, Outcome | None]]:
    """Names whose outcome is not the wanted one, with both."""
    return {
        name: (outcome, found.get(name))
        for name, outcome in wanted.items()
        if not _same(client, outcome, found.get(name))
    }


def _same(client: Client, wanted: Outcome, found: Outcome | None) -> bool:
    if client.some and isinstance(wanted, frozenset) and isinstance(found, frozenset):
        return bool(found) and found <= wanted
    return wanted == found
