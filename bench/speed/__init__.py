"""How fast DNS servers answer the same questions on the same machine: `make bench SUBJECT=speed`."""
