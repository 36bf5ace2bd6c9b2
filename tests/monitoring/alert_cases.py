"""What each alert is for, and what it is not for: series, and what is said of them."""

from dataclasses import dataclass, field

SERVFAIL = 'seamark_dns_queries_total{class="servfail"}'
WELL = 'seamark_dns_queries_total{class="ok"}'
COMPARED = "seamark_registrar_last_comparison_timestamp_seconds"
INTERVAL = "seamark_registrar_resync_interval_seconds"
REFUSED = 'seamark_registrar_writes_total{kind="register",result="refused"}'
WRITTEN = 'seamark_registrar_writes_total{kind="register",result="ok"}'
LOST = 'seamark_dns_query_log_lost_total{at="disk"}'
ENGINE = 'seamark_registrar_reachable{part="engine"}'
CATALOG = 'seamark_registrar_reachable{part="catalog"}'
MEMORY = 'seamark_dns_memory_bytes{kind="answers"}'
LIMIT = 'seamark_dns_memory_limit_bytes{kind="answers"}'


@dataclass(frozen=True)
class Case:
    """Series with a value a minute, in promtool's notation, and what there is after ``minutes``.

    ``summary`` is empty where nothing is to fire; ``labels`` are what the alert has besides
    severity, job and instance; ``description`` is given where it is a template.
    """

    alert: str
    about: str
    series: dict[str, str]
    minutes: int
    summary: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    description: str = ""

    def __str__(self) -> str:
        return f"{self.alert}: {self.about}"


CASES = [
    Case(
        "SeamarkDown",
        "nobody answers",
        {"up": "0x5"},
        2,
        "Seamark on n1:8053 does not answer",
    ),
    Case("SeamarkDown", "it answers", {"up": "1x5"}, 3),
    Case("SeamarkDown", "one scrape was missed", {"up": "1 1 0 1 1"}, 2),
    Case("SeamarkDown", "somebody else is down", {'up{job="node"}': "0x5"}, 3),
    Case(
        "SeamarkNotReady",
        "a part is not ready",
        {'seamark_ready{part="dns"}': "1x5", 'seamark_ready{part="registrar"}': "0x5"},
        3,
        "Seamark's registrar on n1:8053 is not ready",
        {"part": "registrar"},
    ),
    Case("SeamarkNotReady", "it starts", {'seamark_ready{part="registrar"}': "0 0 1 1 1"}, 1),
    Case(
        "SeamarkUpstreamFailing",
        "one of two",
        {
            'seamark_dns_upstream_sick{upstream="10.0.0.1:53"}': "1x9",
            'seamark_dns_upstream_sick{upstream="10.0.0.2:53"}': "0x9",
        },
        6,
        "Upstream 10.0.0.1:53 fails, asked from n1:8053",
        {"upstream": "10.0.0.1:53"},
    ),
    Case(
        "SeamarkUpstreamFailing",
        "it answers again",
        {'seamark_dns_upstream_sick{upstream="10.0.0.1:53"}': "1 1 1 0 1 1 1 1"},
        6,
    ),
    Case(
        "SeamarkUpstreamLoop",
        "found",
        {'seamark_dns_upstream_looped{upstream="10.0.0.1:53"}': "1x3"},
        2,
        "Upstream 10.0.0.1:53 asks n1:8053 what that asks it",
        {"upstream": "10.0.0.1:53"},
    ),
    Case(
        "SeamarkUpstreamLoop",
        "mended",
        {'seamark_dns_upstream_looped{upstream="10.0.0.1:53"}': "0 1 0 0"},
        1,
    ),
    Case(
        "SeamarkUpstreamLoop",
        "none",
        {'seamark_dns_upstream_looped{upstream="10.0.0.1:53"}': "0x3"},
        2,
    ),
    Case(
        "SeamarkManyServfail",
        "one in ten",
        {SERVFAIL: "0+60x20", WELL: "0+540x20"},
        12,
        "10% of the queries to n1:8053 end in SERVFAIL",
    ),
    Case("SeamarkManyServfail", "just now", {SERVFAIL: "0+60x20", WELL: "0+540x20"}, 5),
    Case("SeamarkManyServfail", "one in fifty", {SERVFAIL: "0+60x20", WELL: "0+2940x20"}, 12),
    Case("SeamarkManyServfail", "half, of nearly none", {SERVFAIL: "0+1x20", WELL: "0+1x20"}, 12),
    Case("SeamarkManyServfail", "nobody asks", {SERVFAIL: "60x20", WELL: "60x20"}, 12),
    Case(
        "SeamarkWatchesLost",
        "some",
        {'seamark_dns_watches{kind="lost"}': "3x5", 'seamark_dns_watches{kind="live"}': "9x5"},
        3,
        "n1:8053 does not learn of changes of 3 services",
        {"kind": "lost"},
    ),
    Case("SeamarkWatchesLost", "not yet", {'seamark_dns_watches{kind="lost"}': "3 3 0x5"}, 1),
    Case(
        "SeamarkWatchesLost",
        "none",
        {'seamark_dns_watches{kind="lost"}': "0x5", 'seamark_dns_watches{kind="live"}': "9x5"},
        3,
    ),
    Case(
        "SeamarkMemoryNearLimit",
        "nearly full",
        {MEMORY: "97x40", LIMIT: "100x40"},
        35,
        "The memory for answers on n1:8053 is 97% full",
        {"kind": "answers"},
    ),
    Case("SeamarkMemoryNearLimit", "for a while", {MEMORY: "97x40", LIMIT: "100x40"}, 29),
    Case("SeamarkMemoryNearLimit", "room is left", {MEMORY: "95x40", LIMIT: "100x40"}, 35),
    Case(
        "SeamarkQueryLogLost",
        "a full disk",
        {LOST: "0+20x20"},
        15,
        "Query log of n1:8053 loses lines at the disk",
        {"at": "disk"},
        "200 lines in ten minutes; queries are answered all the same.",
    ),
    Case("SeamarkQueryLogLost", "long ago", {LOST: "0 20 20x20"}, 15),
    Case(
        "SeamarkEngineUnreachable",
        "away",
        {ENGINE: "0x5", CATALOG: "1x5"},
        3,
        "The registrar on n1:8053 cannot ask the container engine",
        {"part": "engine"},
    ),
    Case("SeamarkEngineUnreachable", "it restarts", {ENGINE: "1 0 0 1 1"}, 2),
    Case("SeamarkEngineUnreachable", "it is the catalog", {ENGINE: "1x5", CATALOG: "0x5"}, 3),
    Case(
        "SeamarkCatalogUnreachable",
        "away",
        {ENGINE: "1x5", CATALOG: "0x5"},
        3,
        "The registrar on n1:8053 cannot ask the catalog",
        {"part": "catalog"},
    ),
    Case("SeamarkCatalogUnreachable", "a leader is elected", {CATALOG: "1 0 0 1 1"}, 2),
    Case(
        "SeamarkWritesRefused",
        "again and again",
        {REFUSED: "0+10x30", WRITTEN: "0+10x30"},
        20,
        "The catalog refuses to register services of n1:8053",
        {"kind": "register"},
    ),
    Case("SeamarkWritesRefused", "just now", {REFUSED: "0+10x30"}, 6),
    Case("SeamarkWritesRefused", "mended", {REFUSED: "0 10 20 30 30x30", WRITTEN: "0+10x30"}, 20),
    Case(
        "SeamarkComparisonTooOld",
        "the last one is long ago",
        {COMPARED: "60x10", INTERVAL: "10x10", "process_start_time_seconds": "5x10"},
        5,
        "The registrar on n1:8053 has not compared anything for 4m 0s",
    ),
    Case(
        "SeamarkComparisonTooOld",
        "there never was one",
        {COMPARED: "0x10", INTERVAL: "10x10", "process_start_time_seconds": "60x10"},
        5,
        "The registrar on n1:8053 has not compared anything for 4m 0s",
    ),
    Case("SeamarkComparisonTooOld", "late", {COMPARED: "60x10", INTERVAL: "10x10"}, 3),
    Case("SeamarkComparisonTooOld", "just now", {COMPARED: "0+60x10", INTERVAL: "10x10"}, 9),
    Case(
        "SeamarkComparisonTooOld",
        "seldom, and so it is set",
        {COMPARED: "60x30", INTERVAL: "600x30"},
        30,
    ),
    Case(
        "SeamarkComparisonTooOld",
        "there is no registrar",
        {"process_start_time_seconds": "5x10"},
        9,
    ),
    Case(
        "SeamarkReloadFailed",
        "the last one",
        {"seamark_reload_last_successful": "1 0 0 0"},
        3,
        "Seamark on n1:8053 could not take on new settings",
    ),
    Case("SeamarkReloadFailed", "at once mended", {"seamark_reload_last_successful": "1 0 1"}, 1),
    Case("SeamarkReloadFailed", "none failed", {"seamark_reload_last_successful": "1x5"}, 3),
]
