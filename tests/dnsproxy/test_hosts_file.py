"""Files of hosts(5) on a real disk: read again when they change, and never lost by a fault."""

import logging
import os
from pathlib import Path

import gevent
import pytest

from dnsproxy.core.hosts import HostsTable, parse
from dnsproxy.core.names import from_text
from dnsproxy.core.wire import Type, question
from dnsproxy.edges.hosts_file import AT_ONCE_BYTES, Hosts, HostsFile
from dnsproxy.errors import HostsError
from tests.clock import Clock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with one name."""
    file = tmp_path / "hosts"
    file.write_text("10.0.0.1 one\n")
    return file


def addresses(source: HostsFile | Hosts, name: str) -> list[str] | None:
    """The A records of a name, None if the source does not have it."""
    reply = source.answer(question(from_text(name), Type.A))
    if reply is None:
        return None
    return [".".join(map(str, record.rdata[0])) for record in reply.answer]


def test_a_changed_file_is_read_again_a_second_later(path):
    """Not at each question: a look at the disk costs more than an answer."""
    clock = Clock()
    file = HostsFile(path, clock)
    path.write_text("10.0.0.2 one two\n")
    clock.now += 0.9
    assert ["10.0.0.1"] == addresses(file, "one")
    clock.now += 0.1
    assert ["10.0.0.2"] == addresses(file, "one")
    assert ["10.0.0.2"] == addresses(file, "two")


def test_a_file_that_takes_anothers_place_is_read(path):
    """As editors and configuration tools write: with the old time and the old size."""
    clock = Clock()
    file = HostsFile(path, clock)
    other = path.with_name("other")
    other.write_text("10.0.0.2 one\n")
    found = path.stat()
    os.utime(other, ns=(found.st_atime_ns, found.st_mtime_ns))
    other.replace(path)
    clock.now += 1
    assert ["10.0.0.2"] == addresses(file, "one")


def test_a_file_that_did_not_change_is_not_read_again(path, caplog):
    """Second after second."""
    caplog.set_level(logging.INFO)
    clock = Clock()
    file = HostsFile(path, clock)
    for _ in range(3):
        clock.now += 1
        addresses(file, "one")
    assert [] == caplog.messages


def test_while_a_file_cannot_be_read_its_last_names_stay(path, caplog):
    """It is said once, and what comes back is read even if it looks as it did."""
    clock = Clock()
    file = HostsFile(path, clock)
    hidden = path.rename(path.with_name("hidden"))
    for _ in range(3):
        clock.now += 1
        assert ["10.0.0.1"] == addresses(file, "one")
    assert [f"{path}: cannot be read: No such file or directory; its last names stay"] == (
        caplog.messages
    )
    caplog.set_level(logging.INFO)
    hidden.rename(path)
    clock.now += 1
    assert ["10.0.0.1"] == addresses(file, "one")
    assert f"{path}: read again, 1 names" == caplog.messages[-1]
    path.unlink()
    clock.now += 1
    addresses(file, "one")
    assert caplog.messages[-1].endswith("its last names stay")


def test_bad_lines_cost_only_themselves(path, caplog):
    """One warning for all of them, with the first one's number."""
    path.write_text("10.0.0.1 one\n10.0.0.2 *.two\nthree\n10.0.0.4 four\n")
    file = HostsFile(path)
    assert ["10.0.0.1"] == addresses(file, "one")
    assert ["10.0.0.4"] == addresses(file, "four")
    (message,) = caplog.messages
    assert message.startswith(f"{path}:2: `*.two` is no host name; the line is left out (1 more")
    assert "no wildcards" in message


def test_a_mark_of_byte_order_and_a_foreign_comment_are_no_fault(path, caplog):
    """Windows writes the one, old files have the other."""
    path.write_bytes(b"\xef\xbb\xbf10.0.0.1 one # caf\xe9\r\n10.0.0.2 two\r\n")
    file = HostsFile(path)
    assert ["10.0.0.1"] == addresses(file, "one")
    assert ["10.0.0.2"] == addresses(file, "two")
    assert [] == caplog.messages


def test_what_is_no_readable_file_is_refused_at_the_start(path, tmp_path):
    """A folder, nothing at all, and a pipe, which nobody would ever write to."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for wrong, words in [
        (tmp_path, "not a regular file"),
        (tmp_path / "nothing", "No such file or directory"),
        (pipe, "not a regular file"),
    ]:
        with pytest.raises(HostsError) as caught:
            HostsFile(wrong)
        assert f"{wrong}: cannot be read: {words}" == str(caught.value)
        assert caught.value.hint


def test_a_large_file_is_read_beside_the_queries(path, caplog):
    """The old answers stand until all of it is read, once, and others have their turn meanwhile."""
    caplog.set_level(logging.INFO, "dnsproxy")
    clock = Clock()
    file = HostsFile(path, clock)
    lines = [f"10.1.{n // 256}.{n % 256} host-{n}.lan" for n in range(20_000)] + ["*"]
    path.write_text("\n".join(lines))
    assert path.stat().st_size > AT_ONCE_BYTES
    clock.now += 1
    assert ["10.0.0.1"] == addresses(file, "one")
    turns = 0
    while addresses(file, "one") is not None:
        clock.now += 1
        turns += 1
        assert turns < 10_000
        gevent.sleep(0)
    assert turns > 10
    assert ["10.1.78.31"] == addresses(file, "host-19999.lan")
    assert 20_000 == len(file)
    # Turns enough for a second reading, had one been begun meanwhile, to end in them.
    for _ in range(turns * turns):
        gevent.sleep(0)
    warning, told = caplog.messages
    assert warning.startswith(f"{path}:20001: `*` is no IP address")
    assert f"{path}: read again, 20000 names" == told
    path.write_text("10.0.0.3 one\n")
    clock.now += 1
    assert ["10.0.0.3"] == addresses(file, "one")


def test_the_first_source_that_has_a_name_answers_for_it(path):
    """The settings' lines before the files: what is written there is meant to win."""
    second = path.with_name("second")
    second.write_text("10.0.0.22 two\n10.0.0.11 one\nfd00::1 one\n10.0.0.33 three")
    entries, _ = parse([("dns.hosts[0]", "10.0.0.99 two")])
    hosts = Hosts(HostsTable(entries), [HostsFile(path), HostsFile(second)])
    assert ["10.0.0.99"] == addresses(hosts, "two")
    assert ["10.0.0.1"] == addresses(hosts, "one")
    assert ["10.0.0.33"] == addresses(hosts, "three")
    assert None is addresses(hosts, "four")
