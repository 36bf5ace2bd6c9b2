"""The status page in a real browser, against real processes."""
