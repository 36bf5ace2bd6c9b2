"""Containers to services: what should be registered, and keeping it so."""
