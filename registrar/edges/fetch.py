"""Text from a URL, for the ``httpGet`` of a template."""

import requests

_TIMEOUT_S = 10
_LONGEST = 1 << 20


def fetch(url: str) -> str:
    """The body at ``url``, up to 1 MiB. Raises OSError when there is none to be had."""
    if not url.startswith(("http://", "https://")):
        raise OSError(f"`{url}` is no http URL")
    with requests.get(url, timeout=_TIMEOUT_S, stream=True) as response:
        response.raise_for_status()
        return response.raw.read(_LONGEST, decode_content=True).decode("utf-8", "replace")
