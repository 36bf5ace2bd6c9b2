"""The CAs that sign the certificates of upstreams over TLS."""

from gevent.ssl import SSLContext

from dnsproxy.edges.dialling import tls_context
from seamark.errors import SettingsError


def tls_authorities(ca_file: str) -> SSLContext:
    """Those of a PEM file, of the system if none is named. Raises :class:`SettingsError`."""
    try:
        return tls_context(ca_file)
    except OSError as error:
        # An SSLError, which has no errno, is about what stands in the file.
        reason = "holds no certificate in PEM form" if error.errno is None else error.strerror
        if getattr(error, "library", None):
            reason = "holds no certificate in PEM form"
        raise SettingsError(
            f"dns.tls_ca_file: {ca_file}: {reason}",
            "name a PEM file, or leave it out for the CAs of the system",
        ) from error
