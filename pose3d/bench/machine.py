"""What the numbers were measured on."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def machine() -> dict[str, str | int]:
    """Processor, cores that this process may use, and system."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {"cpu": _cpu(), "cores": cores, "system": f"{platform.system()} {platform.machine()}"}


def _cpu() -> str:
    listing = Path("/proc/cpuinfo")
    names = (
        [line for line in listing.read_text().splitlines() if line.startswith("model name")] if listing.exists() else []
    )
    return names[0].split(":", 1)[1].strip() if names else platform.processor() or "unknown processor"
