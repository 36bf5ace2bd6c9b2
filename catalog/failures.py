"""Failures of a call in words: what, where, what was found, and what to do."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_LONGEST = 300
# X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH
_WRONG_NAME = {62, 64}
# X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED
_WRONG_TIME = {9, 10}
# What a server says of the certificate that it was shown, or was not (RFC 8446 6.2).
_ABOUT_OURS = ("certificate", "unknown ca")
# http.client's RemoteDisconnected is a ConnectionResetError.
_HUNG_UP = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionResetError, BrokenPipeError)
_NO_FILES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a call is for, and the ACL rule that it takes."""

    words: str
    needs: str


def no_answer(
    error: BaseException, *, tls: bool = False, environment: Mapping[str, str] = _NO_FILES
) -> str:
    """Why nobody answers, and the way out.

    ``tls``: it was asked over TLS, with the files that ``environment`` (CONSUL_*) names.
    """
    inner = _innermost(error)
    words = one_line(getattr(inner, "strerror", None) or str(inner) or type(inner).__name__)
    return f"{words} ({_way_out(inner, environment, tls=tls)})"


def refusal(status: int, said: str, purpose: Purpose, token: str) -> str:
    """What the agent answered, and what to do. ``token`` says which one was sent, empty: none."""
    found = one_line(f"{status} {said}")
    if status == 403 and "ACL not found" in said:
        return f"{found}; it does not know the token ({token}): give it one that is valid"
    if "ermission denied" in said:
        who = f"the token ({token})" if token else "no token is set; one in CONSUL_HTTP_TOKEN"
        return f"{found}; {who} needs {purpose.needs}"
    if status == 401:
        return f"{found}; if a proxy asks for a password, set CONSUL_HTTP_AUTH to USER:PASSWORD"
    if "HTTP request to an HTTPS server" in said:
        return f"{found}; write consul-tls:// instead of consul://"
    return found


def one_line(text: str) -> str:
    """Foreign words as part of a line of ours."""
    return " ".join(text.split())[:_LONGEST]


def _innermost(error: BaseException) -> BaseException:
    """The cause at the bottom: urllib3 wraps `Connection refused` four times."""
    inner = getattr(error, "reason", None)
    if not isinstance(inner, BaseException):
        wrapped = (arg for arg in error.args if isinstance(arg, BaseException))
        inner = next(wrapped, error.__context__)
    return error if inner is None or inner is error else _innermost(inner)


def _way_out(error: BaseException, environment: Mapping[str, str], *, tls: bool) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _about_theirs(error.verify_code, environment)
    if tls and isinstance(error, _HUNG_UP):
        return f"it hung up: is it starting? else {_about_ours(environment)}"
    if isinstance(error, ssl.SSLError):
        text = str(error).lower()
        if "alert" in text and any(words in text for words in _ABOUT_OURS):
            return _about_ours(environment)
        if "wrong version number" in text:
            return "that port does not speak TLS: write consul:// and its HTTP port"
    return "start the agent, or name another with consul://HOST:PORT"


def _about_theirs(code: int, environment: Mapping[str, str]) -> str:
    """What to do about a certificate of the agent's that is not taken here."""
    if code in _WRONG_NAME:
        return "name the host as its certificate does, or set CONSUL_TLS_SERVER_NAME to that"
    if code in _WRONG_TIME:
        return "renew the agent's certificate, or set the clock of this host"
    given = _given(environment, "CONSUL_CACERT", "CONSUL_CAPATH")
    found = f"it is of no CA in {given}: " if given else ""
    return f"{found}set CONSUL_CACERT to the certificate of its CA"


def _about_ours(environment: Mapping[str, str]) -> str:
    """What to do where the agent does not take our certificate, or was shown none."""
    given = _given(environment, "CONSUL_CLIENT_CERT")
    if given:
        return f"it does not take {given}: give one of its CA that has not expired"
    return "it wants a certificate of its CA: CONSUL_CLIENT_CERT and CONSUL_CLIENT_KEY"


def _given(environment: Mapping[str, str], *names: str) -> str:
    """The first of these variables that is set, with its value."""
    return next((f"{name}={environment[name]}" for name in names if environment.get(name)), "")
