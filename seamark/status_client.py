"""What another seamark tells on its status side."""

import http.client
import urllib.error
import urllib.request

from dnsproxy.core.endpoint import Endpoint
from seamark.errors import SettingsError, StartError

# Of a refusal nobody reads more.
_SAID_BYTES = 1000


def get(status: Endpoint | None, path: str, limit_s: float, who: str) -> tuple[int, bytes]:
    """Return the status code and the body of a path there; ``who`` is to answer, for people.

    Raises :class:`SettingsError` where it is off, :class:`StartError` without an answer in time.
    """
    if status is None:
        raise SettingsError(f"http: it is off, and {who} is asked there", "see --http")
    url = f"http://{status}{path}"
    # The machine's proxy settings are for the outside, never for this.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=limit_s) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(_SAID_BYTES)
    except http.client.HTTPException as error:
        hint = "name the status side with --http"
        raise StartError(f"{url}: it speaks no HTTP: {str(error).strip()!r}", hint) from error
    except OSError as error:
        reason = getattr(error, "reason", error)
        reason = getattr(reason, "strerror", None) or reason
        hint = f"is {who} running? name its status side with --http"
        raise StartError(f"{url}: {reason}", hint) from error
