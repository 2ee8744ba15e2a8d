"""The small process of `trial.py`: calls one reader after another, each in a fork of itself.

It runs as a script and imports nothing but what the readers need. A line of its input has the limit in seconds and the
pickled reader; the answer is a line, "bad" or "fine".
"""

from __future__ import annotations

import contextlib
import os
import pickle
import resource
import sys


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for line in sys.stdin:
        limit_s, pickled = line.split()
        status = 0
        with contextlib.suppress(Exception):  # cannot be imported here: nothing is tried
            read = pickle.loads(bytes.fromhex(pickled))  # the readers' modules stay imported for the next files
            pid = os.fork()
            if not pid:
                try:
                    resource.setrlimit(resource.RLIMIT_CPU, (int(limit_s), int(limit_s)))
                    read()
                finally:
                    os._exit(0)
            status = os.waitpid(pid, 0)[1]
        print("bad" if os.WIFSIGNALED(status) else "fine", flush=True)


if __name__ == "__main__":
    main()
