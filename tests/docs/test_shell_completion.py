"""The page on completion: its commands are run, and a new shell completes."""

import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.commands import environment
from tests.pages import all_blocks
from tests.shells import pressed

PAGE = Path("docs/how-to/shell-completion.md").read_text()
BASH, BASHRC, ZSH, ZSHRC, FISH = [text for _, text in all_blocks(PAGE)]
REGISTRAR = ["registrar", "-cleanup"]


def follow(steps: str, home: Path) -> None:
    """What somebody does who reads the page."""
    path = f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"
    subprocess.run(
        ["sh", "-e", "-c", steps], check=True, env=environment(HOME=str(home), PATH=path)
    )


def test_bash_with_the_package(tmp_path):
    """It looks for a file with the name of the command, which is what the links are for."""
    follow(BASH, tmp_path)
    load = ". ~/.local/share/bash-completion/completions/$1"
    script = f"_load() {{ {load}; return 124; }}; complete -D -F _load"
    assert REGISTRAR == pressed("bash", "registrar -clea", tmp_path, script)
    assert ["dnsproxy", "--workers"] == pressed("bash", "dnsproxy --work", tmp_path, script)


def test_bash_without_it(tmp_path):
    """One line of ~/.bashrc."""
    assert REGISTRAR == pressed("bash", "registrar -clea", tmp_path, BASHRC.strip())


@pytest.mark.lab
def test_zsh(tmp_path):
    """Before `compinit`, which every ~/.zshrc calls that completes anything."""
    follow(ZSH, tmp_path)
    script = f"{ZSHRC.strip()}; compinit -u -D"
    assert REGISTRAR == pressed("zsh", "registrar -clea", tmp_path, script)


@pytest.mark.lab
def test_fish(tmp_path):
    """It reads that folder by itself."""
    follow(FISH, tmp_path)
    path = f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"
    done = subprocess.run(
        ["fish", "-c", "complete --do-complete 'registrar -clea'"],
        capture_output=True,
        check=True,
        env=environment(HOME=str(tmp_path), PATH=path, XDG_CONFIG_HOME=f"{tmp_path}/.config"),
        text=True,
        timeout=60,
    )
    assert "-cleanup" == done.stdout.partition("\t")[0]
