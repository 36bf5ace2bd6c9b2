"""The test lab: a real engine, a real Consul and images of our own, fetched and started here."""
