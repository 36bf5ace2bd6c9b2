"""The status side: what this process tells over HTTP. Read-only, on loopback by default."""
