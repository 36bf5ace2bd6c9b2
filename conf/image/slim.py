"""Takes out of a venv what nobody runs in the image, and compiles the rest: `slim.py FOLDER`."""

import compileall
import shutil
import sys
from pathlib import Path
from py_compile import PycInvalidationMode

# The installer itself, and what packages bring for their own developers.
_PACKAGES = ("pip", "pip-*", "setuptools", "setuptools-*", "pkg_resources", "*distutils*")
_COMMANDS = ("python*", "launch", "seamark", "registrar", "dnsproxy")
_FOLDERS = ("tests", "testing", "include", "__pycache__")
_FILES = ("*.c", "*.h", "*.pyx", "*.pxd", "*.pyi")


def main() -> None:
    """What is compiled is never looked at again: nobody edits an image."""
    venv = Path(sys.argv[1])
    (packages,) = venv.glob("lib/python*/site-packages")
    unwanted = [path for pattern in _PACKAGES for path in packages.glob(pattern)]
    unwanted += [path for name in _FOLDERS for path in venv.rglob(name) if path.is_dir()]
    unwanted += [path for pattern in _FILES for path in venv.rglob(pattern) if path.is_file()]
    unwanted += [path for path in venv.glob("bin/*") if not any(map(path.match, _COMMANDS))]
    for path in unwanted:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    mode = PycInvalidationMode.UNCHECKED_HASH
    if not compileall.compile_dir(packages, quiet=1, invalidation_mode=mode):
        sys.exit(f"{packages}: not all of it can be compiled")


if __name__ == "__main__":
    main()
