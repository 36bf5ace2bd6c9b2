"""Consul: the agent, its servers' leader, our rights there, and its DNS."""

import re
import socket
from collections.abc import Iterator, Mapping

from catalog.errors import CatalogError
from catalog.examining import Examiner, Standing
from catalog.kv import ConsulKv
from catalog.uri import Registry
from dnsproxy.core.consul import faults_of
from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.names import from_text, to_text
from dnsproxy.core.wire import Type, question
from registrar.errors import EngineUnavailable
from registrar.planner import plan_for
from seamark import registering
from seamark.checks.asking import told
from seamark.checks.findings import Finding, State, apart
from seamark.consul_http import consul_environment
from seamark.consul_zones import consul_servers
from seamark.errors import SettingsError
from seamark.reading import parse_name
from seamark.settings import Settings

PART = "consul"
# The way out of a failure stands in brackets behind it.
_WAY_OUT = re.compile(r"(?P<found>.*) \((?P<hint>[^()]*)\)", re.DOTALL)
# Stands for the services of a host that has none yet.
_ANY_NAME = "seamark-check"
_NAMES_SHOWN = 5


def check_consul(
    settings: Settings, registry: Registry | None, environment: Mapping[str, str]
) -> Iterator[Finding]:
    """All of it for the registry's Consul; nothing to look at where the catalog is embedded."""
    if registry is None:
        yield Finding(PART, State.SKIP, "registry", "none is named: the catalog is embedded")
        return
    if not _has_address(registry):
        host = registry.address.host
        hint = "write another host, or its address, in the registry URI"
        yield Finding(PART, State.FAIL, str(registry.address), f"`{host}` has no address", hint)
        return
    what = str(registry.address)
    examiner = Examiner(registry.address, consul_environment(settings, environment))
    try:
        standing = examiner.standing()
    except CatalogError as error:
        yield _of_error(what, error)
        return
    yield from _of_agent(what, standing, settings)
    yield _of_leader(what, examiner)
    yield from _of_rights(what, examiner, settings, registry, environment)
    yield from _of_dns(settings, registry, standing)


def _has_address(registry: Registry) -> bool:
    try:
        socket.getaddrinfo(registry.address.host, None)
    except OSError:
        return False
    return True


def _of_error(what: str, error: CatalogError, state: State = State.FAIL) -> Finding:
    words = str(error).removeprefix(f"Consul at {what} ")
    if way := _WAY_OUT.fullmatch(words):
        return Finding(PART, state, what, way["found"], way["hint"])
    return Finding(PART, state, what, *apart(words))


def _of_agent(what: str, standing: Standing, settings: Settings) -> Iterator[Finding]:
    facts = standing.facts
    found = f"Consul {facts.version}, node {standing.node} in {standing.datacenter}"
    yield Finding(PART, State.OK, what, found)
    for fault in faults_of(facts, facts.domain):
        yield Finding(PART, State.WARN, what, *apart(fault))
    if facts.domain.strip(".").lower() != settings.dns.domain.strip(".").lower():
        hint = f"--domain {facts.domain.strip('.')}, or `domain` in the agent's configuration"
        found = f"has the domain `{facts.domain}`, and is asked for `{settings.dns.domain}`"
        yield Finding(PART, State.FAIL, what, found, hint)


def _of_leader(what: str, examiner: Examiner) -> Finding:
    try:
        leader = examiner.leader()
    except CatalogError as error:
        return _of_error(what, error)
    if leader:
        return Finding(PART, State.OK, what, f"its servers have a leader, {leader}")
    hint = "start more than half of its servers; `consul operator raft list-peers` lists them"
    found = "its servers have no leader: nothing can be registered"
    return Finding(PART, State.FAIL, what, found, hint)


def _of_rights(
    what: str,
    examiner: Examiner,
    settings: Settings,
    registry: Registry,
    environment: Mapping[str, str],
) -> Iterator[Finding]:
    """Whether the token may read, watch, and register what this host has."""
    shared = registering.shared_catalog(settings, registry, environment)
    try:
        count = len(shared.services())
        shared.wait_for_change(0)
    except CatalogError as error:
        yield _of_error(what, error)
        return
    yield Finding(PART, State.OK, what, f"services can be read and watched, {count} are there")
    if isinstance(shared, ConsulKv):
        prefix = registry.kv_prefix
        resource, names = "key", [f"{prefix}/", f".seamark/{prefix}/"]
    else:
        resource, names = "service", _offered(settings, environment)
    try:
        denied = examiner.denied(resource, names or [_ANY_NAME])
    except CatalogError as error:
        yield _of_error(what, error, State.WARN)
        return
    yield _of_denied(what, resource, denied, certain=bool(names))


def _offered(settings: Settings, environment: Mapping[str, str]) -> list[str]:
    """The names of the services that the containers of this host have; none without an engine."""
    engine = registering.engine(settings, environment)
    try:
        policy = registering.policy(settings, settings.node)
        plan = plan_for(engine, None, policy, lambda looked, of: None)
    except EngineUnavailable:
        return []
    return sorted({service.name for service in plan.register})


def _of_denied(what: str, resource: str, denied: list[str] | None, *, certain: bool) -> Finding:
    if denied is None:
        return Finding(PART, State.SKIP, what, "cannot say whether the token may register")
    if not denied:
        return Finding(PART, State.OK, what, "services can be registered")
    words = "register" if resource == "service" else "write the keys of"
    rules = " ".join(
        f'{"service" if resource == "service" else "key_prefix"} "{name}" {{ policy = "write" }}'
        for name in denied[:_NAMES_SHOWN]
    )
    if certain:
        found = f"the token may not {words} {', '.join(denied[:_NAMES_SHOWN])}"
        return Finding(PART, State.FAIL, what, found, f"give it {rules}")
    found = "the token may not register just any service, and this host has none yet to ask about"
    hint = 'give it service "NAME" { policy = "write" } for each, or service_prefix ""'
    return Finding(PART, State.WARN, what, found, hint)


def _of_dns(settings: Settings, registry: Registry, standing: Standing) -> Iterator[Finding]:
    try:
        servers = consul_servers(settings.dns, registry, [])
    except SettingsError as error:
        yield Finding(PART, State.FAIL, "DNS", str(error), error.hint)
        return
    for server in servers:
        yield from _of_server(server, settings, standing)


def _of_server(server: Endpoint, settings: Settings, standing: Standing) -> Iterator[Finding]:
    what = f"{server} (DNS)"
    domain = parse_name(settings.dns.domain, "dns.domain")
    over_udp, over_tcp = (
        told(server, question(domain, Type.SOA), tcp=tcp) for tcp in (False, True)
    )
    for protocol, answer in (("UDP", over_udp), ("TCP", over_tcp)):
        if answer.problem:
            hint = "is its DNS on? name it with --consul-dns ADDR:PORT (`ports.dns` of the agent)"
            found = f"does not answer over {protocol}: {answer.problem}"
            yield Finding(PART, State.FAIL, what, found, hint)
    if over_udp.reply is None or over_tcp.reply is None:
        return
    if over_udp.rcode != "NOERROR" or not over_udp.reply.authoritative:
        found = f"is not where `{to_text(domain)}` lives: it says {over_udp.rcode}"
        hint = f"name the agent's DNS with --consul-dns, or its domain, {standing.facts.domain}"
        yield Finding(PART, State.FAIL, what, found, hint)
        return
    yield Finding(PART, State.OK, what, f"answers for {to_text(domain)} over UDP and TCP")
    node = from_text(f"{standing.node}.node")
    if told(server, question((*node, *domain), Type.A)).rcode == "NXDOMAIN":
        found = f"denies its own node, {standing.node}.node.{to_text(domain)}"
        hint = (
            "give the agent a token for those who have none: consul acl set-agent-token default "
            'TOKEN, with node_prefix "" and service_prefix "" { policy = "read" }'
        )
        yield Finding(PART, State.WARN, what, found, hint)
