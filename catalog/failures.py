"""Failures of a call in words: what, where, what was found, and what to do."""

import ssl
from dataclasses import dataclass

_LONGEST = 300
# X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH
_WRONG_NAME = {62, 64}


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a call is for, and the ACL rule that it takes."""

    words: str
    needs: str


def no_answer(error: BaseException) -> str:
    """Why nobody answers, and the way out."""
    inner = _innermost(error)
    words = one_line(getattr(inner, "strerror", None) or str(inner) or type(inner).__name__)
    return f"{words} ({_way_out(inner)})"


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


def _way_out(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in _WRONG_NAME:
            return "name the host as its certificate does, or set CONSUL_TLS_SERVER_NAME to that"
        return "set CONSUL_CACERT to the certificate of its CA"
    if isinstance(error, ssl.SSLError):
        text = str(error).lower()
        if "alert" in text and "certificate" in text:
            return "it wants a certificate of its CA: CONSUL_CLIENT_CERT and CONSUL_CLIENT_KEY"
        if "wrong version number" in text:
            return "that port does not speak TLS: write consul:// and its HTTP port"
    return "start the agent, or name another with consul://HOST:PORT"
