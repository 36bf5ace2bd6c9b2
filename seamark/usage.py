"""What is wrong with a command line, in our words: what click says of it, and what to do."""

import re
from typing import Any

import click
from click.exceptions import NoSuchCommand

from catalog.strict import nearest
from seamark.flags import DNS, FLAGS, LIFE, REGISTRAR

# What people of other tools type -> ours.
_ALIASES = {"run": "up", "start": "up", "serve": "up", "validate": "check", "diff": "plan"}
_ALONE = ("registrar", "dnsproxy")
_REGISTRY = "REGISTRY_URI"
_BOOLEAN = {"true", "false", "t", "f", "1", "0"}
_IN_BRACKETS = re.compile(r"\((?P<words>.*)\)", re.DOTALL)


def explained(error: click.ClickException) -> tuple[str, str]:
    """(What was found, what to do about it) of a command line that cannot be read."""
    ctx = getattr(error, "ctx", None) or click.Context(click.Command("seamark"))
    match error:
        case click.NoSuchOption():
            return _no_such_flag(error.option_name, ctx)
        case NoSuchCommand():
            return _no_such_command(error.command_name, ctx)
        case click.MissingParameter():
            return _missing(error.param, ctx)
        case click.BadOptionUsage():
            return _bad_usage(error.option_name, ctx)
        case click.BadParameter():
            return _bad_value(error, ctx)
    return _otherwise(error, ctx)


def _no_such_flag(flag: str, ctx: click.Context) -> tuple[str, str]:
    words = f"`{ctx.command_path}` has no flag `{flag}`"
    if guess := nearest(flag, _flags(ctx.command, ctx)):
        # A flag that another command has as it stands is rather that one.
        return words, _whose(flag) or f"did you mean `{guess}`?"
    return words, _whose(flag) or _see_help(ctx)


def _whose(flag: str) -> str:
    """Which commands have a flag, where this one has not; empty if none has."""
    if flag in DNS:
        owners = "`seamark up` and `dnsproxy`"
    elif flag in REGISTRAR:
        owners = "`seamark up`, `seamark plan` and `registrar`"
    elif flag in LIFE:
        owners = "`seamark up`, `registrar` and `dnsproxy`"
    elif flag in FLAGS:
        owners = "`seamark up`"
    else:
        return ""
    return f"{flag} is a flag of {owners}"


def _no_such_command(name: str, ctx: click.Context) -> tuple[str, str]:
    assert isinstance(ctx.command, click.Group)
    known = ctx.command.list_commands(ctx)
    words = f"`{ctx.command_path}` has no command `{name}`"
    if name in _ALONE:
        return words, f"`{name}` is a command of its own: write `{name}`, without `seamark`"
    if "://" in name:
        return words, f"name what to do with that registry: `seamark up {name}`"
    guess = nearest(name, known) or _ALIASES.get(name, "")
    if guess in known:
        return words, f"did you mean `{ctx.command_path} {guess}`?"
    return words, f"known here: {', '.join(known)}"


def _missing(param: click.Parameter | None, ctx: click.Context) -> tuple[str, str]:
    name = _name(param, ctx)
    if name == _REGISTRY:
        example = f"{ctx.command_path} consul://127.0.0.1:8500"
        return f"{name} is missing: in which catalog?", f"name one, `{example}`"
    return f"{name} is missing", _one_of(param) or _usage(ctx)


def _bad_usage(flag: str, ctx: click.Context) -> tuple[str, str]:
    param = _param(flag, ctx)
    if isinstance(param, click.Option) and param.is_flag:
        off = f" or `{param.secondary_opts[0]}`" if param.secondary_opts else ""
        return f"{flag} takes no value", f"write `{flag}`{off}"
    return f"{flag} is given without a value", f"write `{flag} {getattr(param, 'metavar', None)}`"


def _bad_value(error: click.BadParameter, ctx: click.Context) -> tuple[str, str]:
    name, message = _name(error.param, ctx), error.message.rstrip(".")
    kind = getattr(error.param, "type", None)
    hint = _one_of(error.param)
    if isinstance(kind, click.types.IntParamType | click.types.FloatParamType):
        given, _, unreadable = message.partition(" is not a valid")
        message = f"{given} is no number" if unreadable else message
        hint = f"write `{name} {getattr(error.param, 'metavar', None)}`, {_numbers(kind)}"
    return f"{name}: {message}", hint


def _numbers(kind: click.ParamType[Any]) -> str:
    whole = "a whole number" if isinstance(kind, click.types.IntParamType) else "a number"
    least, most = getattr(kind, "min", None), getattr(kind, "max", None)
    return whole if least is None or most is None else f"{whole} from {least} to {most}"


def _one_of(param: click.Parameter | None) -> str:
    """What to write where there are few things that may be written; else empty."""
    kind = getattr(param, "type", None)
    return f"write one of {', '.join(kind.choices)}" if isinstance(kind, click.Choice) else ""


def _otherwise(error: click.ClickException, ctx: click.Context) -> tuple[str, str]:
    found = _IN_BRACKETS.search(error.message)
    if "unexpected extra argument" not in error.message or found is None:
        return error.format_message(), _see_help(ctx)
    extra = found["words"]
    if extra.lower() in _BOOLEAN:
        return (
            f"`{extra}` belongs to no flag",
            f"a flag that is on or off takes its value behind `=`: `--internal={extra}`",
        )
    return f"`{extra}` is more than `{ctx.command_path}` takes", _usage(ctx)


def _flags(command: click.Command, ctx: click.Context) -> list[str]:
    return [
        name for param in command.get_params(ctx) for name in (*param.opts, *param.secondary_opts)
    ]


def _param(flag: str, ctx: click.Context) -> click.Parameter | None:
    params = ctx.command.get_params(ctx)
    return next((one for one in params if flag in (*one.opts, *one.secondary_opts)), None)


def _name(param: click.Parameter | None, ctx: click.Context) -> str:
    """What a flag or an argument is called on the command line."""
    if param is None:
        return "an argument"
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    return param.make_metavar(ctx).strip("[]")


def _usage(ctx: click.Context) -> str:
    usage = " ".join(ctx.command.collect_usage_pieces(ctx))
    return f"write `{ctx.command_path} {usage}`"


def _see_help(ctx: click.Context) -> str:
    return f"`{ctx.command_path} --help` lists what there is"
