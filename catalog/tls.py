"""TLS towards an agent, as the variables of Consul's own tools describe it."""

import logging
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path

import urllib3

from catalog.errors import ConnectionSettingsError
from catalog.uri import AgentAddress, truth

log = logging.getLogger("catalog")

_VERIFY = "CONSUL_HTTP_SSL_VERIFY"


def tls_context(address: AgentAddress, environment: Mapping[str, str]) -> ssl.SSLContext:
    """Whom we trust, and who we say we are, from CONSUL_CACERT and its kin.

    Raises :class:`~catalog.errors.ConnectionSettingsError` for a file that is of no use.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if _verifies(address, environment):
        _trust(context, environment)
    else:
        log.warning("%s: %s is false, so its certificate is not checked", address, _VERIFY)
        # Said once by us, not at every request by the library.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    _introduce(context, environment)
    return context


def _verifies(address: AgentAddress, environment: Mapping[str, str]) -> bool:
    given = environment.get(_VERIFY, "").strip() or "true"
    answer = truth(given)
    if answer is None:
        raise ConnectionSettingsError(
            f"{_VERIFY}: `{given}` is no yes or no; write `true` or `false`"
        )
    return answer or address.always_verify


def _trust(context: ssl.SSLContext, environment: Mapping[str, str]) -> None:
    """The given authorities and none else; without any, those of the system."""
    file, folder = environment.get("CONSUL_CACERT", ""), environment.get("CONSUL_CAPATH", "")
    if file:
        _readable("CONSUL_CACERT", file)
        if not _load(context, [Path(file)]):
            raise ConnectionSettingsError(f"CONSUL_CACERT: {file} holds no certificate (PEM)")
    elif folder:
        try:
            files = sorted(path for path in Path(folder).iterdir() if path.is_file())
        except OSError as error:
            raise ConnectionSettingsError(
                f"CONSUL_CAPATH: {folder} cannot be read: {error.strerror}; "
                "name the folder of the CA's certificates"
            ) from error
        # OpenSSL would want them under their hashes; Consul's own tools take any name.
        if not _load(context, files):
            raise ConnectionSettingsError(f"CONSUL_CAPATH: {folder} holds no certificate (PEM)")
    else:
        context.load_default_certs()


def _load(context: ssl.SSLContext, files: Iterable[Path]) -> bool:
    loaded = False
    for file in files:
        try:
            context.load_verify_locations(file)
        except (OSError, ssl.SSLError):
            continue
        loaded = True
    return loaded


def _introduce(context: ssl.SSLContext, environment: Mapping[str, str]) -> None:
    certificate = environment.get("CONSUL_CLIENT_CERT", "")
    key = environment.get("CONSUL_CLIENT_KEY", "")
    if not certificate and not key:
        return
    if not certificate or not key:
        given, missing = ("CERT", "KEY") if certificate else ("KEY", "CERT")
        raise ConnectionSettingsError(
            f"CONSUL_CLIENT_{missing}: not set, but CONSUL_CLIENT_{given} is; set both or none"
        )
    _readable("CONSUL_CLIENT_CERT", certificate)
    _readable("CONSUL_CLIENT_KEY", key)
    try:
        # Without a password of ours OpenSSL would ask for one on the terminal.
        context.load_cert_chain(certificate, key, password=lambda: "-")
    except ssl.SSLError as error:
        raise ConnectionSettingsError(
            f"CONSUL_CLIENT_CERT: {certificate} and CONSUL_CLIENT_KEY: {key} cannot be used: "
            f"{error.reason or error}; give a certificate and its own key without password (PEM)"
        ) from error


def _readable(variable: str, path: str) -> None:
    try:
        Path(path).read_bytes()
    except OSError as error:
        raise ConnectionSettingsError(
            f"{variable}: {path} cannot be read: {error.strerror}; "
            "name a PEM file, or unset the variable"
        ) from error
