"""``GET /`` and ``GET /page/...``: the status page, files that come with the program."""

import hashlib
import mimetypes
from importlib import resources
from importlib.resources.abc import Traversable

import falcon

# All comes from here, and nothing in the page's own text is run or obeyed.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_KINDS = (".css", ".html", ".js", ".json", ".png", ".svg", ".txt", ".ico")


class Pages:
    """All files of the page by their path in it, read once: they are some 100 KB."""

    def __init__(self) -> None:
        self._files = dict(_files(resources.files("seamark.status") / "page"))
        self._marks = {path: _mark(body) for path, body in self._files.items()}

    def on_get(
        self, request: falcon.Request, response: falcon.Response, path: str = "index.html"
    ) -> None:
        """One of them; 304 for a browser that has it."""
        body = self._files.get(path)
        if body is None:
            raise falcon.HTTPNotFound
        response.etag = self._marks[path]
        if any(str(known) == self._marks[path] for known in request.if_none_match or ()):
            response.status = falcon.HTTP_304
            return
        response.content_type = _media_type(path)
        response.data = body


def _files(folder: Traversable, before: str = "") -> list[tuple[str, bytes]]:
    found = []
    for entry in folder.iterdir() if folder.is_dir() else ():
        if entry.is_dir():
            found += _files(entry, f"{before}{entry.name}/")
        elif entry.name.endswith(_KINDS):
            found.append((before + entry.name, entry.read_bytes()))
    return found


def _media_type(path: str) -> str:
    # The system's own table may call a script anything, and then no browser runs it.
    if path.endswith(".js"):
        return "text/javascript; charset=utf-8"
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def _mark(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]
