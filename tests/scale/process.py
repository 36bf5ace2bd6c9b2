"""Our fakes run in processes of their own: what they cost must not be measured as the product's."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.lab.shell import LabError, end, log_tail, spawn, wait_until

_ROOT = Path(__file__).parents[2]
_START_LIMIT = 60.0


def start_fake(
    module: str, *args: str | Path, log: Path, answers: Callable[[], object]
) -> subprocess.Popen[bytes]:
    """Run a module's ``main()`` and wait until it answers. Raises LabError if it does not."""
    # `-c`, not `-m`: wherever this was started from.
    code = f"import sys; sys.path.insert(0, {str(_ROOT)!r})\nfrom {module} import main; main()"
    process = spawn([sys.executable, "-c", code, *args], log)

    def ready() -> bool:
        try:
            return bool(answers())
        except OSError:
            return False

    if not wait_until(ready, _START_LIMIT, every=0.02):
        end(process, timeout=5)
        raise LabError(f"{module} did not answer within {_START_LIMIT:.0f} s:\n{log_tail(log)}")
    return process
