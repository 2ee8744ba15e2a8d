"""The garbage collector and large imports.

Importing PyTorch and Lightning makes a million objects, hardly any of which become garbage. Collections during the
import and at the end of the process visit all of them, which takes more than a third of the CPU time of a short
command.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Disable the garbage collector inside the context; afterwards it is as before, also after an error."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def exempt_imported() -> None:
    """Exempt everything that exists now from later collections, including those at the end of the process.

    For command lines, once, after their imports. Objects that are unreachable by now stay in memory.
    """
    gc.freeze()
