"""What the numbers were measured on."""

from __future__ import annotations

import platform
from pathlib import Path

from pose3d.cores import available_cores


def machine() -> dict[str, str | int]:
    """Processor, cores that this process may use, and system."""
    return {"cpu": _cpu(), "cores": available_cores(), "system": f"{platform.system()} {platform.machine()}"}


def _cpu() -> str:
    listing = Path("/proc/cpuinfo")
    names = (
        [line for line in listing.read_text().splitlines() if line.startswith("model name")] if listing.exists() else []
    )
    return names[0].split(":", 1)[1].strip() if names else platform.processor() or "unknown processor"
