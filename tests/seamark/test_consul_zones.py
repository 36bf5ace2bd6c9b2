"""What the settings make of Consul's side."""

from dnsproxy.consul import ConsulZone
from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.memory import Memory
from seamark.consul_zones import Asking, consul_side
from seamark.settings import Settings

ASKING = Asking(lambda server, outcome, took: None, b"", {})
# What systemd-resolved gives a server before it thinks less of it (systemd#13432).
RESOLVED_S = 2.0


def test_consul_is_waited_for_less_than_two_seconds():
    """And less than an agent without a leader holds a question (7 s)."""
    side = consul_side(Settings(), None, [Endpoint("127.0.0.1", 5300)], Memory(1, 1), ASKING)
    zone = side.zones[0][2]
    assert isinstance(zone, ConsulZone)
    group = zone._zone.group
    assert 0 < group._options.deadline_s < RESOLVED_S
