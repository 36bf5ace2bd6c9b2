"""How connections to an upstream are made: plain TCP, or TLS whose certificate is always checked.

RFC 7858, with the strict profile of RFC 8310: a server that cannot prove its name is not asked, and
nothing is ever asked in the clear instead.
"""

import contextlib
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import gevent
from gevent import socket as gsocket, ssl as gssl

from dnsproxy.core.endpoint import Endpoint, TlsEndpoint
from dnsproxy.edges.sockets import family
from dnsproxy.edges.streams import Dialling

# The servers of large resolvers close an idle connection after some ten seconds.
_TLS_QUERIES_MAX = 10_000
_TLS_IDLE_S = 9.0
# OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH.
_MISMATCHES = {62, 64}


def dialling(server: Endpoint, context: gssl.SSLContext | None) -> Dialling:
    """How a connection to that server is made; ``context`` is for those that are asked over TLS."""
    if not isinstance(server, TlsEndpoint):
        return Dialling(lambda limit_s: _tcp(server, limit_s))
    assert context is not None
    return Dialling(lambda limit_s: _tls(server, limit_s, context), _TLS_QUERIES_MAX, _TLS_IDLE_S)


def tls_context(ca_file: str = "") -> gssl.SSLContext:
    """Trusts the CAs of a PEM file, of the system if none is named. Raises OSError."""
    context = gssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # It would have one greenlet wait for what another one reads.
    context.options |= ssl.OP_NO_RENEGOTIATION
    if ca_file:
        context.load_verify_locations(ca_file)
    else:
        context.load_default_certs()
    return context


def _tcp(server: Endpoint, limit_s: float) -> gsocket.socket:
    with _limited(limit_s, "no connection in time"):
        return _connected(server)


def _tls(server: TlsEndpoint, limit_s: float, context: gssl.SSLContext) -> gsocket.socket:
    with _limited(limit_s, "no TLS connection in time"):
        try:
            return _handshake(server, context, server.name or server.host)
        except ssl.SSLCertVerificationError as error:
            raise ConnectionAbortedError(_reason(server, context, error)) from error
        except ssl.SSLError as error:
            words = (error.reason or str(error)).replace("_", " ").lower()
            raise ConnectionAbortedError(f"TLS: {words}") from error


def _connected(server: Endpoint) -> gsocket.socket:
    sock = gsocket.socket(family(server), socket.SOCK_STREAM)
    try:
        sock.connect((server.host, server.port))
        # A question is one small write, and nobody shall wait for a second one.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


def _handshake(server: Endpoint, context: gssl.SSLContext, name: str | None) -> gssl.SSLSocket:
    sock = _connected(server)
    try:
        return context.wrap_socket(sock, server_hostname=name)
    except BaseException:
        sock.close()
        raise


def _reason(
    server: TlsEndpoint, context: gssl.SSLContext, error: ssl.SSLCertVerificationError
) -> str:
    wanted = server.name or server.host
    if error.verify_code not in _MISMATCHES:
        return f"certificate of {wanted}: {error.verify_message}"
    names = ""
    with contextlib.suppress(OSError):
        names = ", ".join(_names_shown(server, context))
    return f"certificate is for {names or 'another name'}, not {wanted}"


def _names_shown(server: TlsEndpoint, context: gssl.SSLContext) -> list[str]:
    """The names in a certificate whose chain is good; nothing is asked over that connection."""
    looking = gssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    looking.check_hostname = False
    looking.load_verify_locations(cadata=_authorities(context))
    with _handshake(server, looking, server.name or None) as sock:
        found: Any = sock.getpeercert() or {}
    names = [value for _, value in found.get("subjectAltName", ())]
    subject = [value for part in found.get("subject", ()) for key, value in part]
    return names or subject


def _authorities(context: gssl.SSLContext) -> bytes:
    return b"".join(context.get_ca_certs(binary_form=True))


@contextlib.contextmanager
def _limited(limit_s: float, words: str) -> Iterator[None]:
    with gevent.Timeout(limit_s, TimeoutError(words)):
        yield
