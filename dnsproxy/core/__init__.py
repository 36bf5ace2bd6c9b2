"""Pure decisions of the DNS proxy: bytes and values in, bytes and values out."""
