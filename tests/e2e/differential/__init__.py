"""A server asked directly and through the proxy: the same answers, but for what is listed."""
