"""One target under atheris: `python -m tests.fuzz.one TARGET [arguments of libFuzzer]`.

With a file as its argument it runs that input alone. Atheris ends the process itself.
"""

import sys

import atheris

with atheris.instrument_imports(include=["dnsproxy"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Fuzz until libFuzzer has had enough."""
    target, *arguments = sys.argv[1:]
    # To merge, libFuzzer starts itself again by this name, through a shell.
    itself = f"{sys.executable} -m tests.fuzz.one {target}"
    atheris.Setup([itself, *arguments], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
