"""A DNS proxy under questions of all kinds, bad clients and failing servers, for a long time."""
