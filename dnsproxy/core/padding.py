"""Queries of one length over TLS: otherwise their sizes tell the names (RFC 7830, RFC 8467 4.1)."""

import struct
from dataclasses import replace

from dnsproxy.core.replies import QueryForm, upstream_query
from dnsproxy.core.request import Request

BLOCK = 128
_CODE = 12
_OPTION = struct.Struct("!HH")


def padded(form: QueryForm, request: Request) -> QueryForm:
    """The form in which this request's query is a multiple of 128 bytes long.

    Without EDNS there is nothing that padding could stand in.
    """
    if form.edns_size is None:
        return form
    size = len(upstream_query(request, 0, form)) + _OPTION.size
    padding = -size % BLOCK
    return replace(form, options=form.options + _OPTION.pack(_CODE, padding) + bytes(padding))
