"""Parameters of requests: what is not known is refused, so that no misspelt filter shows all."""

from collections.abc import Collection

import falcon


def refuse_unknown(request: falcon.Request, known: Collection[str] = ()) -> None:
    """Raises falcon.HTTPBadRequest for a parameter that is none of these."""
    if not request.params.keys() <= set(known):
        words = f"Known parameters: {', '.join(known)}." if known else "It takes no parameters."
        raise falcon.HTTPBadRequest(description=words)
