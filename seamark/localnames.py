"""Settings -> the names that this host answers from its own knowledge."""

from pathlib import Path

from dnsproxy.core.hosts import HostsTable, parse
from dnsproxy.edges.hosts_file import Hosts, HostsFile
from dnsproxy.errors import HostsError
from seamark.errors import SettingsError
from seamark.settings import Settings


def hosts(settings: Settings) -> Hosts:
    """The lines of ``dns.hosts``, and below them the files of ``dns.hosts_files`` in their order.

    Raises :class:`SettingsError` for a line that cannot be used and a file that cannot be read. A
    bad line in a file is only logged: such files are often written by others.
    """
    lines = (
        (f"dns.hosts[{number}]", line)
        for number, text in enumerate(settings.dns.hosts)
        for line in text.split("\n")
    )
    entries, errors = parse(lines)
    if errors:
        raise SettingsError(str(errors[0]), errors[0].hint)
    files = [_file(number, path) for number, path in enumerate(settings.dns.hosts_files)]
    return Hosts(HostsTable(entries), files)


def _file(number: int, path: str) -> HostsFile:
    try:
        return HostsFile(Path(path))
    except HostsError as error:
        raise SettingsError(f"dns.hosts_files[{number}]: {error}", error.hint) from error
