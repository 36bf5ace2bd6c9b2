"""Figures with the truth measured beside them: `python -m bench SUBJECT`. Not part of a package."""
