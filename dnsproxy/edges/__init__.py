"""The DNS proxy's contacts with the world: listeners and upstreams."""
