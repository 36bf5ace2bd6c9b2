"""What registrator's ``-tags`` takes: a subset of Go's text/template over ``docker inspect``.

Registrator ends when a template fails; here it raises, and costs the tags of one service. Two more
differences on purpose: a text is counted and cut in characters, not bytes, and a label that is not
there is empty, where Go prints ``<no value>``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.strict import nearest
from registrar.core.template_functions import SIZE_MAX, USAGES, as_text, call, kind_of
from registrar.core.template_syntax import Call, Literal, Node, Path, TemplateError, parse

__all__ = ["Template", "TemplateError", "parse_template"]

# Where keys are the user's, so that any may be absent: by the end of the path, in lower case.
_MAPS_OF_TEXTS = (
    *(".labels", ".options", ".driveropts", ".tmpfs", ".sysctls", ".storageopt", ".annotations"),
    *(".logconfig.config", ".graphdriver.data"),
)
_MAPS = (".networks", ".ports", ".portbindings", ".exposedports", ".volumes", ".portmapping")
# Fields of registrator's structures that engines leave out: empty in Go, so no mistake here.
_MAY_BE_ABSENT = frozenset(
    {
        *("node", "volumes", "volumesrw", "sysinitpath", "execids", "graphdriver", "mounts"),
        *("apparmorprofile", "restartcount", "health", "healthcheck", "status", "error"),
        *("oomkilled", "removalinprogress", "dead", "exposedports", "labels", "env", "cmd"),
        *("entrypoint", "shell", "stopsignal", "stoptimeout", "domainname", "user", "macaddress"),
        *("workingdir", "onbuild", "argsescaped", "networkdisabled", "volumedriver", "dns"),
        *("networks", "ports", "portmapping", "ipaddress", "ipprefixlen", "gateway", "bridge"),
        *("networkid", "endpointid", "sandboxkey", "globalipv6address", "globalipv6prefixlen"),
        *("ipv6gateway", "linklocalipv6address", "linklocalipv6prefixlen", "aliases"),
        *("secondaryipaddresses", "secondaryipv6addresses", "binds", "capadd", "capdrop"),
        *("groupadd", "links", "dnsoptions", "dnssearch", "extrahosts", "volumesfrom", "init"),
        *("portbindings", "usernsmode", "ipcmode", "pidmode", "utsmode", "devices", "tmpfs"),
        *("securityopt", "cgroup", "cgroupparent", "memory", "memoryswap", "memoryreservation"),
        *("kernelmemory", "cpushares", "cpuset", "cpusetcpus", "cpusetmems", "cpuquota"),
        *("pidslimit", "shmsize", "sysctls", "storageopt", "runtime", "logconfig", "hostconfig"),
    }
)


@dataclass(frozen=True, slots=True)
class Template:
    """A template that was read."""

    text: str
    _parts: tuple[str | Node, ...] = field(repr=False)

    def render(self, document: Mapping[str, Any], fetch: Callable[[str], str]) -> str:
        """The text for one container, whose inspect output is ``document``.

        ``fetch`` gives the body of a URL, or raises OSError. Raises :class:`TemplateError` if the
        template asks for what this container has not, or has of another type.
        """
        rendering = _Rendering(document, fetch)
        texts: list[str] = []
        size = 0
        for part in self._parts:
            texts.append(part if isinstance(part, str) else as_text(rendering.value(part)))
            size += len(texts[-1])
            if size > SIZE_MAX:
                raise TemplateError(f"the text would be longer than {SIZE_MAX} characters")
        return "".join(texts)

    def __str__(self) -> str:
        return self.text


def parse_template(text: str) -> Template:
    """The template; raises :class:`TemplateError` naming what is not supported, and what is."""
    return Template(text, parse(text, USAGES))


@dataclass(frozen=True, slots=True)
class _Rendering:
    document: Mapping[str, Any]
    fetch: Callable[[str], str]

    def value(self, node: Node) -> Any:
        match node:
            case Literal(literal):
                return literal
            case Call(function, arguments):
                return call(function, [self.value(argument) for argument in arguments], self.fetch)
            case Path(base, names):
                value = self.document if base is None else self.value(base)
                where = _written(base) if isinstance(base, Path) else ""
                for name in names:
                    value = _step(value, name, where)
                    where += f".{name}"
                return value


def _written(path: Path) -> str:
    """The fields of a path, and of those in front of it, as they are written."""
    before = _written(path.base) if isinstance(path.base, Path) else ""
    return before + "".join(f".{name}" for name in path.names)


def _step(value: Any, name: str, where: str) -> Any:
    """The field ``name`` of the value of ``where``.

    In a map of the user's own keys only the exact name counts. Otherwise it is a name of the Go
    client, which differs from the engine's in upper and lower case only (``.ID`` and ``Id``).
    """
    place = where.lower()
    if place.endswith(_MAPS_OF_TEXTS) and (value is None or isinstance(value, Mapping)):
        return (value or {}).get(name, "")
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise TemplateError(
            f"`{where}.{name}`: {kind_of(value)} has no fields; a name with dots in it "
            'is read by `index`, as in {{index .Config.Labels "a.b"}}'
        )
    if name in value or place.endswith(_MAPS):
        return value.get(name)
    return _alike(value, name, where)


def _alike(value: Mapping[str, Any], name: str, where: str) -> Any:
    wanted = name.lower()
    for key in sorted(value, key=str):
        if str(key).lower() == wanted:
            return value[key]
    if wanted in _MAY_BE_ABSENT:
        return None
    known = sorted(str(key) for key in value)
    guess = nearest(name, [key.lower() for key in known])
    right = next((key for key in known if guess and key.lower() == guess), "")
    hint = f"did you mean `{where}.{right}`?" if right else f"known here: {', '.join(known[:40])}"
    raise TemplateError(f"`{where}.{name}` is not in the container's inspect output; {hint}")
