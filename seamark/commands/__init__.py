"""The commands, one module a name: starting one loads nothing of the others."""
