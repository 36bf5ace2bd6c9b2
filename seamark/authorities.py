"""The CAs that sign the certificates of upstreams over TLS."""

from gevent.ssl import SSLContext, SSLError

from dnsproxy.edges.dialling import tls_context
from seamark.errors import SettingsError


def tls_authorities(ca_file: str) -> SSLContext:
    """Those of a PEM file, of the system if none is named. Raises :class:`SettingsError`."""
    try:
        return tls_context(ca_file)
    except OSError as error:
        in_the_file = isinstance(error, SSLError)
        reason = "holds no certificate in PEM form" if in_the_file else error.strerror
        raise SettingsError(
            f"dns.tls_ca_file: {ca_file}: {reason}",
            "name a PEM file, or leave it out for the CAs of the system",
        ) from error
