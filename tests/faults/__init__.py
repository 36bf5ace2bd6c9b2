"""Faults of everything around the registrar, on the real parts."""
