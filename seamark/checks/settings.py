"""The settings: everything that would keep `seamark up` from starting, each with its place."""

import copy
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from seamark.checks.findings import Finding, State, apart
from seamark.checks.survey import NAMES, Survey, set_value, value_of
from seamark.checks.trying import all_together, faults_of_each
from seamark.errors import SettingsError
from seamark.flags import FLAGS
from seamark.privileges import unusable
from seamark.settings import Settings
from seamark.statics import read_definitions

PART = "settings"
# What stands before the first colon of a message about a setting: `select`, `dns.zone[0].upstream`.
_PLACE = re.compile(r"(?P<word>[a-z][a-z_.-]*)(?P<rest>(?:\[\d+\])?(?:\.[a-z_]+)?(?:\[\d+\])?): ")


def check_settings(survey: Survey, environment: Mapping[str, str]) -> list[Finding]:
    """A finding for each fault (`fail`) and for each warning; one that all is well without any.

    ``environment`` holds what others call their settings: CONSUL_*, DOCKER_*.
    """
    usable, usual = copy.deepcopy(survey.settings), Settings()
    found: dict[str, Finding] = {}
    for fault in faults_of_each(survey.settings, environment):
        name = fault.path.partition("[")[0]
        set_value(usable, name, value_of(usual, name))
        # Half a table is wrong in more than one way.
        if not survey.is_broken(fault.path):
            found.setdefault(str(fault.error), _of_value(fault.error, survey))
    warnings, last = all_together(usable, environment)
    if last is not None:
        found.setdefault(str(last), _of_value(last, survey))
    findings = [*map(_of_form, survey.faults), *found.values()]
    findings += [Finding(PART, State.WARN, "told", *apart(words)) for words in warnings]
    findings += [*_remarks(usable), *_query_log(survey)]
    origin = str(survey.path or "flags, environment and defaults")
    return findings or [Finding(PART, State.OK, origin, "all right")]


def _of_form(error: SettingsError) -> Finding:
    """About what was written: the message says in which source, and mostly where in it."""
    source, _, rest = str(error).partition(": ")
    place, colon, problem = rest.partition(": ")
    if colon and " " not in place:
        return Finding(PART, State.FAIL, f"{source}: {place}", problem, error.hint)
    return Finding(PART, State.FAIL, source, rest, error.hint)


def _of_value(error: SettingsError, survey: Survey) -> Finding:
    """About what is meant: of a setting, of a file that one names, or of several together."""
    words, hint = (str(error), error.hint) if error.hint else apart(str(error))
    place = _PLACE.match(words)
    name = _full_name(place["word"], place["rest"]) if place else ""
    if place is not None and name:
        inner = place["rest"] if not name.endswith(place["rest"]) or not place["rest"] else ""
        what = _with_origin(name, survey) + inner
        return Finding(PART, State.FAIL, what, words[place.end() :], hint)
    what, colon, problem = words.partition(": ")
    more, colon, rest = problem.partition(": ")
    if colon and " " not in more:
        what, problem = f"{what}: {more}", rest
    return Finding(PART, State.FAIL, what if problem else PART, problem or what, hint)


def _full_name(word: str, rest: str) -> str:
    """The setting that a message calls so: by its name, by its flag, or by the end of its name."""
    for name in (f"{word}{rest}", word, f"dns.{word}"):
        if name in NAMES:
            return name
    if flag := FLAGS.get(f"--{word}"):
        return flag.setting
    return next((name for name in NAMES if name.rpartition(".")[2] == word), "")


def _with_origin(name: str, survey: Survey) -> str:
    origin = survey.origin(name)
    return f"{origin}: {name}" if origin else name


def _remarks(settings: Settings) -> Iterator[Finding]:
    """What of the static services has no effect here."""
    file = settings.catalog.services
    if file and not settings.catalog.registry:
        for remark in read_definitions(file).remarks:
            what, _, problem = remark.partition(": ")
            yield Finding(PART, State.WARN, f"{file}: {what}", problem)


def _query_log(survey: Survey) -> Iterator[Finding]:
    """Whether its file, or the folder that it will be in, can be written."""
    where = survey.settings.dns.query_log
    if "/" not in where:
        return
    file = Path(where)
    place = file if file.exists() else file.parent
    what = _with_origin("dns.query_log", survey)
    if not place.exists():
        yield Finding(
            PART, State.WARN, what, f"there is no folder {place}", f"make it: mkdir -p {place}"
        )
    for trouble in unusable([], [place]) if place.exists() else ():
        hint = "have it writable for the user that Seamark runs as, see --user"
        yield Finding(PART, State.WARN, what, trouble, hint)
