"""The mistakes that need nothing but a command line, a variable or a file."""

import json

from tests.seamark.mistakes.mistake import Mistake

_WEB = {
    "Id": "a" * 64,
    "Name": "/web",
    "Config": {"Image": "nginx", "ExposedPorts": {"80/tcp": {}}},
    "HostConfig": {"NetworkMode": "bridge"},
    "State": {"Running": True},
}


def _inspected(label: str, value: str, host_port: str = "") -> str:
    """What `docker inspect` tells of a container with a label."""
    published = [{"HostIp": "0.0.0.0", "HostPort": host_port}] if host_port else None
    config = {**_WEB["Config"], "Labels": {label: value}}  # type: ignore[dict-item]
    network = {"Ports": {"80/tcp": published}, "IPAddress": "172.17.0.2", "Networks": {}}
    return json.dumps([{**_WEB, "Config": config, "NetworkSettings": network}])


USAGE = [
    Mistake("a flag misspelt", "up --lisen 127.0.0.1:53", "hint: did you mean `--listen`?"),
    Mistake(
        "a flag of registrator misspelt",
        "-tll 5 consul://h",
        "hint: did you mean `--ttl`?",
        command="registrar",
    ),
    Mistake("a half as a subcommand", "dnsproxy", "write `dnsproxy`, without `seamark`"),
    Mistake("a command misspelt", "plna", "hint: did you mean `seamark plan`?"),
    Mistake("a flag without its value", "up --listen", "hint: write `--listen ADDR:PORT`"),
    Mistake(
        "no registry for the registrar",
        "",
        "hint: name one, `registrar consul://127.0.0.1:8500`",
        command="registrar",
    ),
    Mistake("a number in words", "up --workers two", "hint: write `--workers N`, a whole number"),
    Mistake(
        "a registry for the DNS proxy",
        "consul://127.0.0.1:8500",
        "hint: write `dnsproxy [FLAGS]`",
        command="dnsproxy",
    ),
]
FILES = [
    Mistake(
        "a key misspelt",
        "up",
        "hint: did you mean `upstream`?",
        files={"seamark.toml": "[dns]\nupstreem = []\n"},
        checked=True,
    ),
    Mistake(
        "a file that is no TOML",
        "up",
        'hint: write tables as `[dns]`, text as `"info"`, lists as',
        files={"seamark.toml": "[dns]\npolicy = sequential\n"},
        checked=True,
    ),
    Mistake(
        "one value where a list is wanted",
        "up",
        'hint: write a list, `["127.0.0.1:53"]`',
        files={"seamark.toml": '[dns]\nlisten = "127.0.0.1:53"\n'},
        checked=True,
    ),
    Mistake(
        "settings that are not there",
        "up --config {folder}/no.toml",
        "hint: name a file that is there with --config",
        checked=True,
    ),
    Mistake(
        "services that are not there",
        "up --services {folder}/no.json",
        "hint: name a file that may be read, in the form of conf/services.json",
        checked=True,
    ),
    Mistake(
        "services that are no JSON",
        "up --services {folder}/s.json",
        'hint: write JSON, `{"services": [{"name": "web", "port": 80}]}`',
        files={"s.json": "services:\n- name: web\n"},
        checked=True,
    ),
    Mistake(
        "a key of a service misspelt",
        "up --services {folder}/s.json",
        "hint: did you mean `port`?",
        files={"s.json": '{"services": [{"name": "web", "prot": 80}]}'},
        checked=True,
    ),
]
VALUES = [
    Mistake(
        "a word that a setting does not know",
        "up --log-level loud",
        "hint: write `debug`, `info`, `warning` or `error`",
        checked=True,
    ),
    Mistake(
        "neither yes nor no in a variable",
        "up",
        "hint: write `true` or `false`",
        variables={"SEAMARK_REMEMBER": "maybe"},
        checked=True,
    ),
    Mistake(
        "a registry by its web address",
        "up http://127.0.0.1:8500",
        "write `consul://127.0.0.1:8500`",
        checked=True,
    ),
    Mistake(
        "a registry without a scheme",
        "up 127.0.0.1:8500",
        "write `consul://127.0.0.1:8500`",
        checked=True,
    ),
    Mistake(
        "another registry than Consul",
        "up etcd://127.0.0.1:2379",
        "use `consul://HOST:8500`",
        checked=True,
    ),
    Mistake(
        "an upstream by name",
        "up --upstream dns.example",
        "hint: write it as `ADDR:PORT`",
        checked=True,
    ),
    Mistake(
        "an upstream that is ourselves",
        "up --listen 127.0.0.1:5355 --upstream 127.0.0.1:5355",
        "hint: name another server, or listen elsewhere",
        checked=True,
    ),
    Mistake(
        "a network of too many bits",
        "up --allow 10.0.0.0/33",
        "hint: write networks as `10.0.0.0/8`",
        checked=True,
    ),
    Mistake(
        "workers beside an embedded catalog",
        "up --workers 2",
        "hint: name a Consul, or leave --workers out",
        checked=True,
    ),
    Mistake(
        "a user that is not there",
        "up --user nosuch",
        "hint: create it: useradd --system nosuch",
        checked=True,
    ),
    Mistake(
        "services of an embedded catalog, and a Consul",
        "up consul://127.0.0.1:8500 --services s.json",
        "hint: give the file to the agent: consul agent -config-file FILE",
        checked=True,
    ),
    Mistake(
        "Consul's DNS without its registry",
        "up --consul-dns 127.0.0.1:8600",
        "hint: name the registry, `consul://HOST:8500`, or leave --consul-dns out",
        checked=True,
    ),
    Mistake("a TTL that nobody renews", "up --ttl 30", "hint: give both, or none", checked=True),
    Mistake(
        "a file for the log without its folder",
        "up --query-log queries.log",
        "hint: write `off`, `stderr` or a path with a `/` in it",
        checked=True,
    ),
    Mistake(
        "a token file that is not there",
        "up consul://127.0.0.1:9 --token-file {folder}/token",
        "put the token into it, or unset the variable",
        checked=True,
    ),
]
CONTAINERS = [
    Mistake(
        "a label misspelt",
        "plan --from-inspect {folder}/web.json",
        "did you mean `SERVICE_80_NAME`?",
        code=0,
        files={"web.json": _inspected("SERVICE_80_NAM", "shop", "8080")},
        on_stdout=True,
    ),
    Mistake(
        "a port that is not published",
        "plan --from-inspect {folder}/web.json",
        "exposed but not published; add `-p` to publish it",
        code=0,
        files={"web.json": _inspected("SERVICE_NAME", "shop")},
        on_stdout=True,
    ),
    Mistake(
        "no output of docker inspect",
        "plan --from-inspect {folder}/web.json",
        "hint: give the output of `docker inspect CONTAINER...`",
        files={"web.json": "CONTAINER ID   IMAGE   COMMAND\n"},
    ),
]
NOBODY_THERE = [
    Mistake(
        "no engine",
        "plan --docker unix:///nowhere.sock",
        "start it, or name it with --docker",
        code=1,
    ),
    Mistake(
        "no Consul",
        "plan consul://127.0.0.1:9",
        "start the agent, or name another with consul://HOST:PORT",
        code=1,
    ),
    Mistake(
        "no proxy to ask",
        "query --server 127.0.0.1:9 web.service.consul",
        "hint: is the proxy running there? name its address with --server",
        code=1,
    ),
]
MISTAKES = [*USAGE, *FILES, *VALUES, *CONTAINERS, *NOBODY_THERE]
