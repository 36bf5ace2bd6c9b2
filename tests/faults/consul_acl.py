"""A Consul that denies by default, and one token whose rights are changed while it is in use."""

from typing import Any

from tests.lab.consul import ConsulAgent

OUR_TOKEN = "0b5e0e0f-6a57-4f36-9cf3-6c9f4ab7c0de"
_MASTER = "5d1c2f8e-93c1-4fd5-8c0b-6f4a1c9e7a11"
_POLICY = "registrar"
_READ = 'service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }'
_WRITE = 'service_prefix "" { policy = "write" } node_prefix "" { policy = "read" }'


class Acl:
    """The rights of :data:`OUR_TOKEN`. Whoever brings no token, such as a test, may do anything."""

    def __init__(self) -> None:
        self._policy_id = ""

    @property
    def config(self) -> dict[str, Any]:
        """For the agent."""
        tokens = {"master": _MASTER, "agent": _MASTER, "default": _MASTER}
        return {"acl": {"enabled": True, "default_policy": "deny", "tokens": tokens}}

    def prepare(self, agent: ConsulAgent) -> None:
        """Make policy and token, with the right to write."""
        policy = agent.call("PUT", "acl/policy", {"Name": _POLICY, "Rules": _WRITE})
        self._policy_id = policy["ID"]
        agent.put("acl/token", {"SecretID": OUR_TOKEN, "Policies": [{"Name": _POLICY}]})

    def read_write(self, agent: ConsulAgent) -> None:
        """All that a registrar needs."""
        self._set(agent, _WRITE)

    def read_only(self, agent: ConsulAgent) -> None:
        """It sees all services and may change none."""
        self._set(agent, _READ)

    def nothing(self, agent: ConsulAgent) -> None:
        """It sees no service either."""
        self._set(agent, "")

    def _set(self, agent: ConsulAgent, rules: str) -> None:
        body = {"ID": self._policy_id, "Name": _POLICY, "Rules": rules}
        agent.put(f"acl/policy/{self._policy_id}", body)
