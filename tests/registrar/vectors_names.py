"""Names, ids, tags and who may speak: rows 12 to 38 of registrator's table."""

from tests.registrar.vector import ANY, DNS, REDIS, TWO, WEB, Vector, redis, service

NGINX = {"name": "nginx.0", "image": "progrium/nginx"}

NAMES = [
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
        says="443/tcp: SERVICE_443_IGNORE is set",
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
