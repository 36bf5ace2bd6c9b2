"""What a shell offers behind a Tab: click's machinery, with what our command lines have of Go's.

It runs at every Tab: neither this nor what declares the commands loads gevent or a client.
"""

import os
import re

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
)

from seamark.goflags import normalise

COMMANDS = ("seamark", "registrar", "dnsproxy")
_ONE_DASH = re.compile(r"-[A-Za-z]{2}.*")


def asked() -> bool:
    """Whether a shell started this process for what could come next on a command line."""
    return any(_variable(command) in os.environ for command in COMMANDS)


def choices(metavar: str | None) -> list[str]:
    """The words that a flag takes as they stand, by how its value is called: `ipv4|ipv6`.

    What is not in lower case (`FILE`) stands for something else.
    """
    return [word for word in (metavar or "").split("|") if re.fullmatch("[a-z0-9-]+", word)]


def by_metavar(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """The values of a flag that begin so; the shell's own files where a file is called for."""
    found = [word for word in choices(param.metavar) if word.startswith(incomplete)]
    if not found and "FILE" in (param.metavar or ""):
        return [CompletionItem(incomplete, type="file")]
    return [CompletionItem(word) for word in found]


class _Ours(ShellComplete):
    """With registrator's manner of flags: one dash, and `-name=value`."""

    values: frozenset[str] = frozenset()
    switches: frozenset[str] = frozenset()

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is completed, and what there is of that."""
        words, incomplete = super().get_completion_args()
        # Bash hands `--name=value` over as three words.
        plain = [word for word in words if word != "="]
        try:
            return normalise(plain, self.values, self.switches), incomplete
        except ValueError:
            return plain, incomplete

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        """What may stand there, in the manner that it was begun in."""
        if not _ONE_DASH.fullmatch(incomplete):
            return super().get_completions(args, incomplete)
        found = super().get_completions(args, f"-{incomplete}")
        return [
            CompletionItem(item.value[1:], type=item.type, help=item.help)
            if str(item.value).startswith("--")
            else item
            for item in found
        ]


class _Bash(_Ours, BashComplete):
    pass


class _Zsh(_Ours, ZshComplete):
    # Click's is for one command; this file is loaded for whichever is completed first.
    source_template = """#compdef seamark registrar dnsproxy

_seamark_completion() {
    local -a plain described response
    local type key descr name=${words[1]:t}
    response=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) \\
        "_${(U)name}_COMPLETE=zsh_complete" ${words[1]})}")
    for type key descr in ${response}; do
        if [[ $type == file ]]; then
            _path_files -f
        elif [[ $descr == _ ]]; then
            plain+=("$key")
        else
            described+=("$key:$descr")
        fi
    done
    (( $#described )) && _describe -V unsorted described -U
    (( $#plain )) && compadd -U -V unsorted -a plain
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _seamark_completion "$@"
else
    compdef _seamark_completion seamark registrar dnsproxy
fi
"""


class _Fish(_Ours, FishComplete):
    pass


SHELLS: dict[str, type[ShellComplete]] = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}


def prepare(values: set[str], switches: set[str]) -> None:
    """Let click ask these; the arguments are those of :func:`seamark.goflags.normalise`."""
    _Ours.values, _Ours.switches = frozenset(values), frozenset(switches)
    for name, shell in SHELLS.items():
        add_completion_class(shell, name)


def script(shell: str) -> str:
    """What a shell has to read so that it completes our commands."""
    kind = SHELLS[shell]
    names = COMMANDS[:1] if kind is _Zsh else COMMANDS
    whole = click.Command(None)
    return "\n".join(kind(whole, {}, name, _variable(name)).source().strip() for name in names)


def _variable(command: str) -> str:
    return f"_{command.upper()}_COMPLETE"
