"""Messages of the command line: one readable sentence for a mistake, and no noise from libraries."""

import inspect
import logging
import re
import warnings
from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import get_args, get_type_hints

from jsonargparse import ArgumentError
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.utilities.exceptions import MisconfigurationException

from pose3d.callbacks import RunCheckpoint
from pose3d.data import EmbeddedDataModule, MPIINF3DHPDataModule, PoseDataModule
from pose3d.errors import PoseError
from pose3d.suggestions import closest
from stages.stage1_pose2d import Stage1
from stages.stage2_pose3d import Stage2
from stages.stage3_fusion import Stage3

TOP_LEVEL = (
    "wandb.pictures",
    "progress.lines",
    "config",
    "run_dir",
    "seed_everything",
    "validations",
    "test_after_fit",
    "average_decay",
    "ckpt_path",
)
GROUPS: dict[str, tuple[type, ...]] = {
    "trainer": (Trainer,),
    "model": (Stage1, Stage2, Stage3),
    "data": (EmbeddedDataModule, MPIINF3DHPDataModule, PoseDataModule),
    "checkpoint": (RunCheckpoint,),
}
_PASSED_ON = ("switches", "multipliers")
"""Arguments of BaseStage that its subclasses fill in from `net` and `lr_multipliers`."""
_NOISE = re.compile(r"(Expected a <class 'NoneType'>|Subtypes:|Errors:|Given value|Does not validate against)")
_SETTINGS = re.compile(r"You selected an invalid|-?\d+ is not in bounds, numpy accepts")
"""What Lightning says, as a ValueError, of strategies, accelerators and seeds that there are not."""
_CHOSEN = re.compile(r"Parser key \"(\w+)\": .*given class_path '[\w.]*\.(\w+)'.* is not accepted")
_UNKNOWN = re.compile(r"(?:unrecognized arguments: -*|Option '|[Kk]ey '|Unexpected keys: \{')([\w.]+)")


def user_mistake(error: BaseException) -> str | None:
    """One sentence for an error that the user can fix; None for a defect.

    An error that the parser wrapped while it built something counts as itself.
    """
    causes, cause = [error], error.__cause__ or error.__context__
    while cause is not None:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    for found in causes:
        if isinstance(found, PoseError):
            return str(found)
    for found in causes:
        if isinstance(found, MisconfigurationException) or _SETTINGS.match(str(found)):
            return " ".join(str(found).split())
        if type(found).__module__.startswith("wandb."):
            return f"the logger of Weights & Biases: {' '.join(str(found).split())}"
        if isinstance(found, ModuleNotFoundError) and str(found.name).partition(".")[0] not in ("pose3d", "stages"):
            return f"{' '.join(str(found).split())}; install the package, or leave out what needs it"
    return readable(error) if isinstance(error, ArgumentError) else None


def readable(error: ArgumentError) -> str:
    """A parser's error as one line: its nested lists shrink to what is wrong, an unknown key gets the closest ones."""
    lines = [line.strip(" -") for line in str(error).splitlines()]
    text = re.sub(r"\s+", " ", " ".join(line for line in lines if line and not _NOISE.match(line))).strip()
    unknown = _UNKNOWN.search(text)
    if unknown is None:
        return text
    if (chosen := _CHOSEN.search(text)) and (owners := classes_with(unknown[1])):
        kind = next((kind for kinds in GROUPS.values() for kind in kinds if kind.__name__ == chosen[2]), None)
        own = closest(unknown[1], [] if kind is None else inspect.signature(kind).parameters, n=2, cutoff=0.6)
        near = [f"{chosen[1]}.{name}" for name in own]
        hint = f"did you mean {' or '.join(near)}?" if near else "choose that class, or leave the key out"
        return f"{text}; it is an argument of {' and '.join(owners)}: {hint}"
    near = closest_keys(unknown[1])
    return f"{text}; did you mean {' or '.join(near)}?" if near else f"{text}; `lightning fit --help` lists the keys"


def known_keys() -> list[str]:
    """Every key of the command line, dotted."""
    keys = list(TOP_LEVEL)
    for group, kinds in GROUPS.items():
        keys += sorted({f"{group}.{name}" for kind in kinds for name in _parameters(kind)})
    return keys


def _parameters(kind: type) -> Iterator[str]:
    """Names of the arguments of a class, also through `**kwargs`; those of dataclasses with a dot."""
    for base in kind.__mro__:
        if "__init__" not in vars(base) or base is LightningModule:
            continue
        hints = get_type_hints(vars(base)["__init__"])
        for name, parameter in inspect.signature(base).parameters.items():
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY) and name not in _PASSED_ON:
                yield name
                for option in (hints.get(name), *get_args(hints.get(name))):
                    if is_dataclass(option) and isinstance(option, type):
                        yield from (f"{name}.{nested}" for nested in _parameters(option))


def classes_with(name: str) -> list[str]:
    """Names of the stages and data modules that declare an argument of this name themselves."""
    kinds = (*GROUPS["model"], *GROUPS["data"])
    return [kind.__name__ for kind in kinds if name in inspect.signature(kind).parameters]


def closest_keys(key: str) -> list[str]:
    """At most two known keys with a similar last part, nearest first."""
    by_leaf: dict[str, list[str]] = {}
    for known in known_keys():
        by_leaf.setdefault(known.rpartition(".")[2], []).append(known)
    near = closest(key.rpartition(".")[2], by_leaf, n=2, cutoff=0.7)
    found = [known for leaf in near for known in by_leaf[leaf]]
    within = [known for known in found if known.startswith(key.partition(".")[0] + ".")]
    return (within or found)[:2]


def quiet_libraries() -> None:
    """Hide Lightning's tips and notes and the warnings that do not apply here; show our own log."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    for name in ("pose3d", "stages"):
        logging.getLogger(name).setLevel(logging.INFO)
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    messages = (
        "does not have many workers",
        "Total length of `list` across ranks is zero",
        "eval mode at the start",
        "treespec, LeafSpec",
        "smaller than the logging interval",
        "callbacks used to create the checkpoint",
        "LightningCLI's args parameter",
    )
    for message in messages:
        warnings.filterwarnings("ignore", f".*{message}.*")
