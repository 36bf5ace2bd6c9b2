"""What a service is, and where services live: a Consul agent, its keys, or this process."""
