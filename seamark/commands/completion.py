"""`seamark completion`: what a shell has to read so that Tab completes our commands."""

import click

from seamark import completing
from seamark.helping import Command


@click.command(cls=Command, short_help="Print what a shell needs for Tab.")
@click.argument("shell", metavar="SHELL", type=click.Choice(list(completing.SHELLS)))
def completion(shell: str) -> None:
    """Print the script by which a shell completes `seamark`, `registrar` and `dnsproxy`.

    \b
    bash: seamark completion bash > ~/.local/share/bash-completion/completions/seamark
          ln -s seamark ~/.local/share/bash-completion/completions/registrar
          ln -s seamark ~/.local/share/bash-completion/completions/dnsproxy
    zsh:  seamark completion zsh > ~/.zsh/completions/_seamark
          with `fpath=(~/.zsh/completions $fpath)` before `compinit` in ~/.zshrc
    fish: seamark completion fish > ~/.config/fish/conf.d/seamark.fish

    For this shell alone: `source <(seamark completion bash)`; in fish
    `seamark completion fish | source`.
    """  # noqa: D301  (click wants the character itself)
    click.echo(completing.script(shell))
