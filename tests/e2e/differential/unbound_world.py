"""What an unbound knows that is asked about everything, and the names to ask.

One zone of local data, which it answers itself, and one that it serves as a secondary would, with
what only a zone file can hold: wildcards, chains of CNAMEs and a DNAME.
"""

import random

from tests.e2e.differential.questions import name, odd_names
from tests.e2e.differential.wire import Labels

_TEXT = "".join(chr(ord("a") + n % 26) for n in range(255))
_LOCAL = rf"""
differ.example. 3600 SOA ns.differ.example. admin.differ.example. 7 3600 600 86400 60
differ.example. 3600 NS ns.differ.example.
differ.example. 300 MX 10 mail.differ.example.
ns.differ.example. 3600 A 192.0.2.53
mail.differ.example. 300 A 192.0.2.25
web.differ.example. 300 A 192.0.2.1
web.differ.example. 300 A 192.0.2.2
web.differ.example. 300 AAAA 2001:db8::1
zero.differ.example. 0 A 192.0.2.3
old.differ.example. 604800 A 192.0.2.4
brief.differ.example. 30 TXT ""
long.differ.example. 300 TXT "{_TEXT}" "{_TEXT}" "{_TEXT}" "{_TEXT}"
texts.differ.example. 300 TXT "v=spf1 -all"
texts.differ.example. 300 TXT "tab\009nul\000quote\034high\255"
_http._tcp.differ.example. 300 SRV 0 5 8080 web.differ.example.
_http._tcp.differ.example. 300 SRV 0 5 8081 Web.Differ.Example.
e164.differ.example. 300 NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:a@b!" .
ca.differ.example. 300 CAA 0 issue "ca.example"
svc.differ.example. 300 HTTPS 1 . alpn="h2,h3" port="8443" ipv4hint="192.0.2.1"
svc.differ.example. 300 SVCB 2 web.differ.example. port="53"
unknown.differ.example. 300 TYPE65280 \# 4 0a000001
empty.differ.example. 300 TYPE65281 \# 0
host.differ.example. 300 HINFO "PC" "Linux"
who.differ.example. 300 RP admin.differ.example. texts.differ.example.
key.differ.example. 300 DNSKEY 256 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=
key.differ.example. 300 DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118
alias.differ.example. 300 CNAME web.differ.example.
sp\032ace.differ.example. 300 A 192.0.2.5
do\.t.differ.example. 300 A 192.0.2.6
nu\000l.differ.example. 300 A 192.0.2.7
hi\255gh.differ.example. 300 A 192.0.2.8
{"a" * 63}.differ.example. 300 A 192.0.2.9
a.b.c.d.differ.example. 300 A 192.0.2.10
53.9.9.9.in-addr.arpa. 300 PTR web.differ.example.
"""
_MANY = "".join(f"many.differ.example. 300 A 10.5.{n // 250}.{n % 250 + 1}\n" for n in range(300))

SERVER = """
minimal-responses: no
edns-buffer-size: 4096
max-udp-size: 4096
local-zone: "." static
local-zone: "differ.example." static
local-zone: "9.9.9.in-addr.arpa." static
local-zone: "redirect.example." redirect
local-zone: "auth.example." transparent
local-data: "redirect.example. 120 A 192.0.2.99"
local-data: ". 900 SOA root.example. admin.example. 1 2 3 4 900"
""" + "".join(f"local-data: '{line}'\n" for line in (_LOCAL + _MANY).strip().splitlines())
CLAUSES = """
auth-zone:
    name: "auth.example."
    zonefile: "auth.zone"
    for-upstream: no
    for-downstream: yes
"""
_CHAINS = (
    "".join(f"chain{n} 300 CNAME chain{n + 1}\n" for n in range(1, 6)) + "chain6 A 192.0.2.61\n"
)
_LONG = [f"{letter * 60}.{letter * 60}.{letter * 60}" for letter in "pqrs"]
_CROWD = "".join(f"crowd A 10.6.0.{n}\n" for n in range(1, 101))
ZONE = rf"""
$ORIGIN auth.example.
$TTL 300
@ 3600 SOA ns admin 1 3600 600 86400 900
@ NS ns
ns A 192.0.2.53
Mixed-Case A 192.0.2.60
mx MX 10 Mixed-Case
mx MX 20 crowd
* A 192.0.2.62
* TXT "wild"
sub.wild TXT "not wild"
external CNAME www.example.net.
dangling CNAME nowhere.deep.sub.wild
tall CNAME {_LONG[0]}
{_LONG[0]} CNAME {_LONG[1]}
{_LONG[1]} CNAME {_LONG[2]}
{_LONG[2]} A 192.0.2.63
loop1 CNAME loop2
loop2 CNAME loop1
moved DNAME differ.moved
leaf.differ.moved A 192.0.2.64
{_CHAINS}
{_CROWD}
"""

_HELD = """
@ ns mail web zero old brief long texts _http._tcp _tcp e164 ca svc unknown empty host who key alias
sp\\032ace do\\.t nu\\000l hi\\255gh a.b.c.d b.c.d many nope deep.nope
"""
_SERVED = """
@ ns Mixed-Case mx anything any.thing sub.wild wild external dangling tall loop1 moved leaf.moved
nope.moved chain1 chain3 chain6
"""


def names(rng: random.Random) -> list[Labels]:
    """Names of both zones, of the one that is all the same, and of none."""
    found = [name("a" * 63 + ".differ.example")]
    for text, zone in ((_HELD, "differ.example"), (_SERVED, "auth.example")):
        found += [name(f"{one}.{zone}".removeprefix("@.")) for one in text.split()]
        found += odd_names(rng, name(zone))
    found += [name(f"{one}redirect.example") for one in ("", "any.", "a.b.")]
    found += [name("53.9.9.9.in-addr.arpa"), name("54.9.9.9.in-addr.arpa")]
    return [*found, name("www.example.net"), name("example"), ()]
