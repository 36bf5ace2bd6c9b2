"""What is asked for often is made ready: its replies, in the bytes that go over UDP."""

import functools
import ipaddress
import math
import random
from dataclasses import replace
from time import monotonic

from dnsproxy.core.exchange import Exchange
from dnsproxy.core.gate import Query
from dnsproxy.core.hot import RENEWED_S, HotAnswer, HotPlane, Turns
from dnsproxy.core.memory import rotated
from dnsproxy.core.records import Reply, ResourceRecord
from dnsproxy.core.replies import size_limit, write
from dnsproxy.edges.observer import HOT_SOURCES, Observer
from dnsproxy.forwarding import Found
from dnsproxy.resolver import Routes

# How many records are written at once, in as many orders: each takes 2 to 5 us.
_RECORDS_WRITTEN = 128


class Ready:
    """Fills the hot plane. ``observer`` is told of what is given out of it."""

    def __init__(self, observer: Observer, max_bytes: int) -> None:
        self.hot = HotPlane(observer.note, observer.given, max_bytes)
        self._observer = observer

    def keep(
        self,
        query: Query,
        found: Found,
        exchange: Exchange,
        view: Routes,
        edns_size: int,
    ) -> None:
        """Answer this very query, from whom it came, without a look at it while the lease holds."""
        lease = found.lease
        if lease is None or lease.is_full or not _is_plain(query):
            return
        limit = size_limit(query, tcp=False, edns_size=edns_size)
        orders, renewed_s = _orders(found.reply)
        bodies = [write(query, each, limit, edns_size)[2:] for each in orders]
        about = replace(exchange, client="")
        cell, kind = self._observer.hot(about), HOT_SOURCES.index(found.source)
        answer = HotAnswer(Turns(bodies, renewed_s), lease, about, cell, monotonic(), kind)
        self.hot.table(view).add(query.message.wire[2:], answer)
        self.hot.know(ipaddress.ip_address(query.client).packed, view)


def _is_plain(query: Query) -> bool:
    """Whether others will send the same bytes: names in random case, and cookies, nobody does."""
    opt = query.message.opt
    return query.question.name == query.question.key and (opt is None or opt.rdata == opt.end)


def _orders(reply: Reply) -> tuple[list[Reply], float]:
    """The reply with each of its addresses first in turn, and after how long they are made anew.

    In one order, for ever, where that is no matter. Of many addresses some come first, as far from
    each other as they can. A client without EDNS is told a few of thirty instances, and most go to
    the first: that the load is not on the same ones, all may have been first in half a minute.
    Each time costs as much as some answers, so it is no sooner.
    """
    if rotated(reply, list.reverse) == reply:
        return [reply], math.inf
    whole = len(reply.answer)
    count = min(whole, max(_RECORDS_WRITTEN // len(tuple(reply.records)), 1))
    drawn = rotated(reply, random.shuffle)
    turned = [
        rotated(drawn, functools.partial(_turn, by=step * whole // count)) for step in range(count)
    ]
    return turned, RENEWED_S * count / whole


def _turn(records: list[ResourceRecord], by: int) -> None:
    by %= len(records)
    records[:] = records[by:] + records[:by]
