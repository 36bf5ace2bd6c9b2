"""Registrator's behaviour as a table: what a container gives, in facts and flags.

The numbers are those of the project's compatibility reference. Where Seamark does better on
purpose, ``better`` says in a word why; all other rows are registrator's own behaviour. The host is
``host1``; an empty address stands for the node's own, which registrator resolved by itself.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.registrar.inspect_output import inspect_output

ANY = "0.0.0.0"
REDIS = {"6379/tcp": [(ANY, 10000)]}
WEB = {"80/tcp": [(ANY, 8080)]}
TWO = {"443/tcp": [(ANY, 4443)], "80/tcp": [(ANY, 8000)]}
DNS = {"53/tcp": [(ANY, 53)], "53/udp": [(ANY, 53)]}


@dataclass(frozen=True)
class Vector:
    """``services`` are (id, name, address, port, tags, meta); ``checks`` go with the first."""

    number: int
    title: str
    ports: dict[str, Any]
    services: list[tuple[str, str, str, int, list[str], dict[str, str]]]
    facts: dict[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    checks: list[dict[str, Any]] = field(default_factory=list)
    says: str = ""
    better: str = ""
    others: tuple[dict[str, Any], ...] = ()

    @property
    def documents(self) -> list[dict[str, Any]]:
        """What ``docker inspect`` prints for the container, and for those it leans on."""
        facts = {"env": [f"SERVICE_{entry}" for entry in self.facts.get("meta", ())]}
        facts |= {key: value for key, value in self.facts.items() if key != "meta"}
        return [inspect_output(self.ports, **facts), *self.others]


def service(
    service_id: str, name: str, port: int, *, address: str = "", tags: str = "", **meta: str
) -> tuple[str, str, str, int, list[str], dict[str, str]]:
    """One expected service; ``tags`` separated by blanks."""
    return service_id, name, address, port, tags.split(), meta


def redis(name: str = "redis", port: int = 80, **more: str) -> Any:
    """The service of container c1 on its port 80."""
    return service("host1:c1:80", name, port, **more)


PEER = inspect_output(id="a" * 64, name="peer", networks={"bridge": "172.17.0.9"})
SHARED = {"mode": "container:" + "a" * 64, "exposed": ["80/tcp"]}
USER_NETWORK = {"mode": "proj_default", "networks": {"proj_default": "172.18.0.3"}}
NGINX = {"name": "nginx.0", "image": "progrium/nginx"}
RANCHER = "io.rancher.container.ip"
UNREACHABLE = "which no other host can reach"

VECTORS = [
    Vector(
        12,
        "the default name and id",
        REDIS,
        [service("host1:redis.0:6379", "redis", 10000)],
        {"name": "redis.0", "image": "progrium/redis"},
    ),
    Vector(
        13,
        "metadata from the environment",
        REDIS,
        [service("host1:redis.0:6379", "db", 10000, tags="master backups", region="us2")],
        {
            "name": "redis.0",
            "image": "progrium/redis",
            "meta": ["NAME=db", "TAGS=master,backups", "REGION=us2"],
        },
        better="order: tags as written",
    ),
    Vector(
        14,
        "metadata from labels",
        REDIS,
        [service("host1:redis.0:6379", "db", 10000, tags="master backups", region="us2")],
        {
            "name": "redis.0",
            "labels": {
                "SERVICE_NAME": "db",
                "SERVICE_TAGS": "master,backups",
                "SERVICE_REGION": "us2",
            },
        },
        better="order: tags as written",
    ),
    Vector(
        15,
        "two ports",
        TWO,
        [
            service("host1:nginx.0:80", "nginx-80", 8000),
            service("host1:nginx.0:443", "nginx-443", 4443),
        ],
        NGINX,
    ),
    Vector(
        16,
        "two ports, each with its own metadata",
        TWO,
        [
            service("host1:nginx.0:80", "http", 8000, tags="www"),
            service("https.12345", "https", 4443, tags="www", sni="enabled"),
        ],
        NGINX
        | {
            "meta": [
                "443_NAME=https",
                "443_ID=https.12345",
                "443_SNI=enabled",
                "80_NAME=http",
                "TAGS=www",
            ]
        },
    ),
    Vector(
        17,
        "an escaped comma in a tag",
        REDIS,
        [service("host1:c1:6379", "redis", 10000, tags="/(;,:-_)/")],
        {"meta": [r"TAGS=/(;\,:-_)/"]},
    ),
    Vector(
        18,
        "a generic name is suffixed",
        TWO,
        [
            service("host1:nginx.0:80", "web-80", 8000),
            service("host1:nginx.0:443", "web-443", 4443),
        ],
        NGINX | {"meta": ["NAME=web"]},
    ),
    Vector(
        20,
        "a port left out renames none",
        TWO,
        [service("host1:nginx.0:80", "nginx-80", 8000)],
        NGINX | {"meta": ["443_IGNORE=1"]},
        says="443/tcp: SERVICE_IGNORE is set",
    ),
    Vector(
        21,
        "exposed, not published",
        {"80/tcp": [(ANY, 8000)], "443/tcp": None},
        [redis(port=8000)],
        says="443/tcp: exposed but not published",
    ),
    Vector(
        22,
        "one port over two protocols",
        DNS,
        [
            service("host1:c1:53", "dns-53", 53, tags="a"),
            service("host1:c1:53:udp", "dns-53", 53, tags="a udp"),
        ],
        {"image": "dns", "meta": ["TAGS=a"]},
    ),
    Vector(
        24,
        "a custom id replaces all of it",
        {"514/udp": [(ANY, 514)]},
        [service("x", "redis", 514, tags="udp")],
        {"meta": ["ID=x"]},
    ),
    Vector(
        25,
        "one custom id for two ports",
        TWO,
        [
            service("x", "redis-80", 8000),
            service("x:443:tcp", "redis-443", 4443),
        ],
        {"meta": ["ID=x"]},
        better="loss: neither overwrites the other",
    ),
    Vector(
        26,
        "a key for one protocol",
        DNS,
        [
            service("host1:c1:53", "dns-53", 53),
            service("host1:c1:53:udp", "x", 53, tags="udp"),
        ],
        {"image": "dns", "meta": ["53_UDP_NAME=x"]},
        better="demand: per-protocol keys",
    ),
    Vector(
        28,
        "port-specific beats the source",
        WEB,
        [redis("e", 8080)],
        {"meta": ["80_NAME=e"], "labels": {"SERVICE_NAME": "l"}},
    ),
    Vector(
        29,
        "labels beat the environment",
        WEB,
        [redis("l", 8080)],
        {"meta": ["80_NAME=e"], "labels": {"SERVICE_80_NAME": "l"}},
    ),
    Vector(
        30,
        "the prefix is upper-case, the rest in any case",
        WEB,
        [redis("mixed", 8080)],
        {"env": ["SERVICE_Name=mixed", "service_NAME=low"]},
        says="service_NAME: ignored",
    ),
    Vector(
        32,
        "IGNORE=false",
        WEB,
        [redis(port=8080)],
        {"meta": ["IGNORE=false"]},
        better="boolean: false is no",
    ),
    Vector(33, "IGNORE empty", WEB, [redis(port=8080)], {"meta": ["IGNORE="]}),
    Vector(
        34,
        "an empty port-specific value blocks the generic one",
        {"80/tcp": [(ANY, 8080)], "81/tcp": [(ANY, 8081)]},
        [redis("redis-80", 8080)],
        {"meta": ["IGNORE=true", "80_IGNORE="]},
        says="81/tcp: SERVICE_IGNORE is set",
    ),
    Vector(36, "-explicit without a name", WEB, [], flags=("-explicit",), says="-explicit"),
    Vector(
        36,
        "-explicit with one",
        WEB,
        [redis("a", 8080)],
        {"labels": {"SERVICE_80_NAME": "a"}},
        flags=("-explicit=true",),
    ),
    Vector(
        37,
        "-tags come after the container's own",
        {"80/udp": [(ANY, 8080)]},
        [service("host1:c1:80:udp", "redis", 8080, tags="a b x y udp")],
        {"meta": ["TAGS=a,b"]},
        flags=("-tags", "x,y"),
        better="order: tags as written",
    ),
    Vector(
        38,
        "-tags is a template",
        WEB,
        [redis(port=8080, tags="/c1")],
        flags=("-tags", "{{.Name}}"),
    ),
    Vector(
        39,
        "published on loopback",
        {"80/tcp": [("127.0.0.1", 8080)]},
        [],
        says=UNREACHABLE,
        better="address: never loopback",
    ),
    Vector(
        40,
        "published on loopback, with -ip",
        {"80/tcp": [("127.0.0.1", 8080)]},
        [],
        flags=("-ip", "10.0.0.5"),
        says=UNREACHABLE,
        better="address: nothing listens there",
    ),
    Vector(
        41,
        "published twice",
        {"80/tcp": [("10.0.0.5", 9090), (ANY, 8080)]},
        [redis(port=8080)],
        better="choice: every address before one",
    ),
    Vector(
        42,
        "published over IPv6 on every address",
        {"80/tcp": [(ANY, 8080), ("::", 8080)]},
        [redis(port=8080)],
        better="address: never ::",
    ),
    Vector(
        44,
        "host network, nothing exposed",
        {},
        [],
        {"mode": "host"},
        says="no port exposed or published",
    ),
    Vector(
        45,
        "a user network",
        {"80/tcp": [(ANY, 32768)]},
        [redis(port=32768)],
        USER_NETWORK,
        better="address: a host's port stands with a host's address",
    ),
    Vector(
        46,
        "a user network, with -ip",
        {"80/tcp": [(ANY, 32768)]},
        [redis(port=32768, address="10.0.0.5")],
        USER_NETWORK,
        flags=("-ip=10.0.0.5",),
    ),
    Vector(
        48,
        "-internal on two networks",
        {"80/tcp": None},
        [redis(address="172.18.0.3")],
        {"mode": "b", "networks": {"a": "172.19.0.3", "b": "172.18.0.3"}},
        flags=("-internal",),
        better="choice: the network it was started in",
    ),
    Vector(
        49,
        "-internal goes before -ip",
        WEB,
        [redis(address="172.17.0.2")],
        flags=("-internal", "-ip", "10.0.0.5"),
    ),
    Vector(
        50,
        "-internal in the host network",
        {},
        [redis()],
        {"mode": "host", "exposed": ["80/tcp"]},
        flags=("--internal",),
    ),
    Vector(
        51,
        "-useIpFromLabel",
        WEB,
        [redis(port=8080, address="10.42.1.2")],
        {"labels": {RANCHER: "10.42.1.2/16"}},
        flags=("-useIpFromLabel", RANCHER),
    ),
    Vector(
        52,
        "-useIpFromLabel without the label",
        WEB,
        [redis(port=8080)],
        flags=("-useIpFromLabel", RANCHER),
        says=f"has no label `{RANCHER}`",
    ),
    Vector(
        53,
        "another container's network",
        {},
        [redis(address="172.17.0.9")],
        SHARED,
        others=(PEER,),
    ),
    Vector(
        53,
        "another container's network, with -ip",
        {},
        [redis(address="172.17.0.9")],
        SHARED,
        flags=("-ip", "10.0.0.5"),
        others=(PEER,),
    ),
    Vector(
        54,
        "macvlan",
        {},
        [redis(address="10.1.1.7")],
        {"mode": "vlan2657", "networks": {"vlan2657": "10.1.1.7"}, "exposed": ["80/tcp"]},
    ),
    Vector(
        56,
        "an image by digest",
        WEB,
        [redis(port=8080)],
        {"image": "redis@sha256:abc"},
        better="name: DNS can ask for it",
    ),
    Vector(
        57,
        "an HTTP check",
        WEB,
        [redis(port=8080)],
        {"meta": ["CHECK_HTTP=/h", "CHECK_TIMEOUT=1s", "CHECK_HTTP_METHOD=HEAD"]},
        checks=[
            {
                "HTTP": "http://192.168.1.102:8080/h",
                "Timeout": "1s",
                "Method": "HEAD",
                "Interval": "10s",
            }
        ],
        better="meta: without the check's keys",
    ),
    Vector(
        58,
        "the first kind of check wins",
        WEB,
        [redis(port=8080)],
        {"meta": ["CHECK_TCP=true", "CHECK_HTTP=/h"]},
        checks=[{"HTTP": "http://192.168.1.102:8080/h", "Interval": "10s"}],
    ),
    Vector(
        60,
        "a script",
        WEB,
        [redis(port=8080)],
        {"meta": ["CHECK_SCRIPT=nc $SERVICE_IP $SERVICE_PORT"]},
        checks=[{"ScriptArgs": ["nc", "192.168.1.102", "8080"], "Interval": "10s"}],
        better="exec: split into words",
    ),
    Vector(
        61,
        "gRPC",
        WEB,
        [redis(port=8080)],
        {
            "meta": [
                "CHECK_GRPC=1",
                "CHECK_GRPC_USE_TLS=1",
                "CHECK_TLS_SKIP_VERIFY=1",
                "CHECK_INITIAL_STATUS=passing",
                "CHECK_DEREGISTER_AFTER=10m",
            ]
        },
        checks=[
            {
                "GRPC": "192.168.1.102:8080",
                "GRPCUseTLS": True,
                "TLSSkipVerify": True,
                "Interval": "10s",
                "Status": "passing",
                "DeregisterCriticalServiceAfter": "10m",
            }
        ],
    ),
    Vector(
        62,
        "an initial status alone is no check",
        WEB,
        [redis(port=8080)],
        {"meta": ["CHECK_INITIAL_STATUS=passing"]},
        says="SERVICE_CHECK_INITIAL_STATUS",
    ),
]
TAGS = [
    (1, "", []),
    (2, "foobar", ["foobar"]),
    (4, r"foo\,bar", ["foo,bar"]),
    (5, r"foo,bar\,baz", ["foo", "bar,baz"]),
    (6, r"\,foobar\,", [",foobar,"]),
    (8, ",,,,", []),
    (9, r",,\,,", [","]),
]
