"""How long after a change of Consul's catalog an answer still says what was before."""
