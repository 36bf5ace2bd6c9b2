"""Three hosts, each with an engine, a Consul agent and Seamark, on a network of their own."""
