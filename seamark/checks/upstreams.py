"""Who is asked for all other names: whether each answers over UDP and TCP, and is not ourselves."""

from collections.abc import Iterator
from typing import NamedTuple

from gevent.pool import Pool

from dnsproxy.core.endpoint import Endpoint, TlsEndpoint
from dnsproxy.core.names import ROOT, Name
from dnsproxy.core.wire import Question, Type, question
from seamark.addresses import is_local, system_upstreams
from seamark.authorities import tls_authorities
from seamark.checks.asking import Told, leads_to_a_seamark, told, told_over_tls
from seamark.checks.findings import Finding, State
from seamark.dns_half import listen_addresses
from seamark.inherited import Inherited
from seamark.reading import parse_servers
from seamark.settings import Settings
from seamark.zones import zone_names

PART = "upstreams"
_AT_ONCE = 20
_NO_TCP = "have port 53 of TCP let through: what does not fit into a datagram is asked for over it"
_OURSELVES = "name another server, or listen elsewhere"


class _Asked(NamedTuple):
    server: Endpoint
    zone: Name
    setting: str


def check_upstreams(settings: Settings) -> Iterator[Finding]:
    """A finding for each server of each zone."""
    listen = listen_addresses(settings, Inherited())
    if settings.dns.upstream:
        roots = [
            _Asked(server, ROOT, "dns.upstream")
            for server in parse_servers(settings.dns.upstream, "dns.upstream", [])
        ]
    else:
        roots = [_Asked(server, ROOT, "resolv.conf") for server in system_upstreams(listen)]
    zones = list(_of_zones(settings))
    if not roots and not any(asked.zone == ROOT for asked in zones):
        hint = "name a server with --upstream ADDR"
        found = "nobody to ask for names that are not Consul's: they are refused"
        yield Finding(PART, State.WARN, "dns.upstream", found, hint)
    looks = Pool(_AT_ONCE).map(lambda asked: _looked_at(asked, settings), [*roots, *zones])
    for findings in looks:
        yield from findings


def _of_zones(settings: Settings) -> Iterator[_Asked]:
    for number, zone in enumerate(settings.dns.zone):
        path = f"dns.zone[{number}].upstream"
        for server in parse_servers(zone.upstream, path, []):
            yield _Asked(server, zone_names(zone, path)[0], path)


def _looked_at(asked: _Asked, settings: Settings) -> list[Finding]:
    server = asked.server
    what = f"{server} ({asked.setting})"
    if isinstance(server, TlsEndpoint):
        context = tls_authorities(settings.dns.tls_ca_file)
        answer = told_over_tls(server, _question(asked.zone), context)
        return [_judged(what, answer, "TLS")]
    if leads_to_a_seamark(server):
        return [_of_a_seamark(what, asked)]
    found = _judged(what, told(server, _question(asked.zone)), "UDP")
    if found.state is State.FAIL:
        return [found]
    over_tcp = told(server, _question(asked.zone), tcp=True)
    if over_tcp.problem:
        words = f"answers over UDP, and not over TCP: {over_tcp.problem}"
        return [Finding(PART, State.WARN, what, words, _NO_TCP)]
    return [found]


def _question(zone: Name) -> Question:
    return question(zone, Type.SOA if zone else Type.NS)


def _of_a_seamark(what: str, asked: _Asked) -> Finding:
    if not is_local(asked.server.host):
        found = "is a Seamark, or asks one"
        hint = "if it asks this one, every query comes back: have it ask others"
        return Finding(PART, State.WARN, what, found, hint)
    if asked.setting == "resolv.conf":
        found = "leads to the Seamark of this host, which leaves itself out"
        return Finding(PART, State.OK, what, found)
    found = "is ourselves, or asks us; every query would come back"
    return Finding(PART, State.FAIL, what, found, _OURSELVES)


def _judged(what: str, answer: Told, protocol: str) -> Finding:
    if answer.reply is None:
        hint = "name a server that this host can reach, see --upstream"
        words = f"does not answer over {protocol}: {answer.problem}"
        return Finding(PART, State.FAIL, what, words, hint)
    if answer.rcode in {"REFUSED", "SERVFAIL", "NOTAUTH"}:
        hint = "have it answer this host, or name another"
        return Finding(PART, State.FAIL, what, f"answers with {answer.rcode}", hint)
    if answer.rcode == "NXDOMAIN":
        return Finding(PART, State.WARN, what, "says that there is no such zone", "see dns.zone")
    over = "TLS" if protocol == "TLS" else "UDP and TCP"
    return Finding(PART, State.OK, what, f"answers over {over}, in {answer.took * 1000:.0f} ms")
