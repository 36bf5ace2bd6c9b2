"""How fast DNS servers answer the same questions on one machine: `make bench SUBJECT=speed`."""
