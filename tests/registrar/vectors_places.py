"""Addresses, ports and checks: rows 39 to 62 of registrator's table."""

from tests.registrar.inspect_output import inspect_output
from tests.registrar.vector import ANY, WEB, Vector, redis

PEER = inspect_output(id="a" * 64, name="peer", networks={"bridge": "172.17.0.9"})
SHARED = {"mode": "container:" + "a" * 64, "exposed": ["80/tcp"]}
USER_NETWORK = {"mode": "proj_default", "networks": {"proj_default": "172.18.0.3"}}
RANCHER = "io.rancher.container.ip"
UNREACHABLE = "which no other host can reach"

PLACES = [
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
