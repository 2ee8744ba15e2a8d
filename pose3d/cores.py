"""How many processor cores there are for this process."""

import os


def available_cores() -> int:
    """Cores that this process may use, at least one: a container or `taskset` may allow fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
