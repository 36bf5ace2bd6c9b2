"""A long random walk over containers with faults in it, that must end in the truth."""
