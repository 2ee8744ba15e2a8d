"""What the command line says: one readable sentence for a mistake, and no noise from libraries."""

import logging
import re
import warnings


def readable(error: Exception) -> str:
    """An error as one line; the parser's nested lists shrink to what is wrong."""
    lines = [line.strip(" -") for line in str(error).splitlines()]
    noise = r"(Expected a <class 'NoneType'>|Subtypes:|Errors:|Given value|Does not validate against)"
    return re.sub(r"\s+", " ", " ".join(line for line in lines if line and not re.match(noise, line))).strip()


def quiet_libraries() -> None:
    """Hide Lightning's tips and notes and the warnings that do not apply here; show our own log."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    for name in ("pose3d", "stages"):
        logging.getLogger(name).setLevel(logging.INFO)
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for message in (".*does not have many workers.*", ".*eval mode at the start.*", ".*treespec, LeafSpec.*"):
        warnings.filterwarnings("ignore", message)
