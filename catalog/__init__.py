"""What a service is, and where services live: a Consul agent, or this process."""
