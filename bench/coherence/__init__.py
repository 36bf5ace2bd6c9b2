"""For how long answers say what was before a change (`python -m bench coherence`)."""
