"""The `lightning` command: LightningCLI over the three stages.

    lightning fit --config configs/stage1.yaml [--config OVERLAY] [--model.lr_multipliers.trunk 0.001] ...

`fit` trains, then tests the best checkpoint, so that a run folder is complete after one command.
"""

import logging
import math
import os
import sys
from typing import Any

from pose3d.errors import PoseError
from stages import Stage1, Stage2, Stage3  # noqa: F401  (first: prepares the import of Lightning)

# isort: split
from lightning.pytorch import LightningDataModule, Trainer
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.utilities.exceptions import SIGTERMException
from lightning.pytorch.utilities.model_helpers import is_overridden

from pose3d.callbacks import AveragedWeights, RunCheckpoint, RunResults, StepProgress, WandbRun
from pose3d.checkpoint import PROVENANCE, read_checkpoint
from pose3d.contracts import offered
from pose3d.data.arguments import Decay, PositiveInt
from pose3d.garbage import exempt_imported
from pose3d.recipes import find_recipes_in_arguments
from stages.base import BaseStage
from stages.checks import check_trainer, find_checkpoint, stage_class
from stages.messages import quiet_libraries, user_mistake
from stages.precision import auto_precision
from stages.run_config import RunConfig
from stages.sync_batchnorm import TimmSyncBatchNorm
from stages.wandb_agent import folder_of_agent, report_to_agent

exempt_imported()

log = logging.getLogger("stages")

# Exit codes as shells report them: 128 plus the number of the signal.
INTERRUPTED, TERMINATED = 130, 143

# Keys of a model that a test may set differently from the checkpoint.
TEST_TIME = ("decode",)

# Validation by the count of steps, not of epochs, and none before training.
TRAINER_DEFAULTS = {
    "check_val_every_n_epoch": None,
    "num_sanity_val_steps": 0,
    "max_epochs": -1,
    "enable_model_summary": False,
}


class WholeKeysParser(LightningArgumentParser):
    """Takes keys in full only: one cut short is a mistake like any other, and would change its meaning with a new key.

    The parsers that it makes for the stage, the network and the data module are of its class.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False} | kwargs)


class StageCLI(LightningCLI):
    """Adds the run folder, its checkpoints and results, averaged weights, and what follows from the schedule.

    The callbacks of a run are keys of their own (`checkpoint`, `results`, `progress`, `wandb`), not entries of
    `trainer.callbacks`: an overlay that sets that list cannot drop them.
    """

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Top-level keys beside seed_everything, trainer, model and data."""
        parser.add_argument("--run_dir", type=str, default="runs/run", help="Folder of everything that the run writes.")
        parser.add_argument("--validations", type=PositiveInt, default=4, help="Validations in a run, evenly spaced.")
        parser.add_argument("--test_after_fit", type=bool, default=True, help="Test best.ckpt when training has ended.")
        parser.add_argument(
            "--average_decay", type=Decay, default=0.0, help="Decay of the moving average of weights; 0 for none."
        )
        parser.add_lightning_class_args(RunCheckpoint, "checkpoint")
        parser.add_lightning_class_args(RunResults, "results")
        parser.add_lightning_class_args(StepProgress, "progress")
        parser.add_lightning_class_args(WandbRun, "wandb")
        for key in ("checkpoint.run_dir", "results.run_dir", "trainer.default_root_dir"):
            parser.link_arguments("run_dir", key)

    def _parse_ckpt_path(self) -> None:
        """Find the checkpoint, refuse another stage's, and take the model's keys from it, as Lightning does.

        Test-time choices (`TEST_TIME`) stay as configured. The hand-off is for a fresh fit only: resuming and testing
        take all weights from their own checkpoint.
        """
        self.subcommand = self.config["subcommand"]
        path = find_checkpoint(self._get(self.config, "ckpt_path"), self._get(self.config, "run_dir"), self.subcommand)
        if path is not None:
            self.config[self.subcommand].ckpt_path = path
            made_by = read_checkpoint(path)[PROVENANCE]["stage"]
            wanted = stage_class(self._get(self.config, "model").class_path).stage
            if made_by != wanted:
                raise PoseError(f"{path} is a checkpoint of {made_by}; give one of {wanted}, or configs/{made_by}.yaml")
            wanted_now = self._get(self.config, "model").init_args
            chosen = {key: wanted_now[key] for key in TEST_TIME if key in wanted_now and self.subcommand != "fit"}
            super()._parse_ckpt_path()
            for key, value in {**chosen, "weights": None}.items():
                self._get(self.config, "model").init_args[key] = value
        if path is not None or self.subcommand != "fit":
            self._get(self.config, "model").init_args["init_from"] = None

    def before_instantiate_classes(self) -> None:
        """Refuse settings that cannot work; let a trial of a W&B sweep report to its agent."""
        if not self._get(self.config, "run_dir").strip():
            raise PoseError("run_dir is empty; name the folder of the run, for example runs/quick/stage1")
        check_trainer(self._get(self.config, "trainer"), str(self.subcommand))
        report_to_agent(self._get(self.config, "trainer")["logger"])

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Steps from the schedule, validations from steps, precision from the machine, a logger in the run folder."""
        config = self._get(self.config_init, "trainer")
        fitting = self.subcommand == "fit"
        if config["precision"] is None and not config["plugins"]:
            kwargs["precision"], reason = auto_precision(str(config["accelerator"]))
            log.info("precision %s: %s", kwargs["precision"], reason)
        if config["sync_batchnorm"]:
            kwargs["plugins"] = [*as_list(config["plugins"]), TimmSyncBatchNorm()]
        if fitting:
            kwargs |= self._steps(config)
            if config["logger"] is not False:
                # The curves are always in the run folder, whatever logger an overlay adds.
                others = [] if config["logger"] is True else as_list(config["logger"])
                csv = CSVLogger(self._get(self.config, "run_dir"), name="logs")
                kwargs["logger"] = [csv, *others]
        elif config["logger"] is None:
            kwargs["logger"] = False
        groups = {name: self._get(self.config_init, name) for name in ("checkpoint", "results", "wandb")}
        if fitting and config["enable_progress_bar"] is not False:
            groups["progress"] = self._get(self.config_init, "progress")
        decay = self._get(self.config, "average_decay")
        # First in the list: it has to undo a swap of weights before checkpoints are saved.
        averaged = [AveragedWeights(decay)] if fitting and decay > 0 else []
        config = {**config, "callbacks": [*averaged, *as_list(config["callbacks"])], **kwargs}
        return self._instantiate_trainer(config, list(groups.values()))

    def _steps(self, config: Any) -> dict[str, Any]:
        settings: dict[str, Any] = {}
        steps = config["max_steps"]
        if steps == -1 and config["max_epochs"] in (None, -1):
            steps = settings["max_steps"] = self.model.schedule.total_iterations
        if config["val_check_interval"] is None and config["check_val_every_n_epoch"] is None and steps > 0:
            settings["val_check_interval"] = math.ceil(steps / self._get(self.config, "validations"))
        return settings

    def _prepare_subcommand_kwargs(self, subcommand: str) -> dict[str, Any]:
        """Load checkpoints as plain data, so that no code of the file is run."""
        kwargs = super()._prepare_subcommand_kwargs(subcommand)
        return kwargs | {"weights_only": kwargs.get("weights_only") is not False}

    def after_fit(self) -> None:
        """Test the best weights, so that metrics.json and predictions are there."""
        if self.trainer.fast_dev_run or not self._get(self.config, "test_after_fit"):  # type: ignore[attr-defined]
            return
        if not offered(self.datamodule, "has_test", is_overridden("test_dataloader", self.datamodule)):
            print("Skipping test: data.test_file is not set")
            return
        self.test(model=self.model, datamodule=self.datamodule, ckpt_path="best", weights_only=True)

    def test(self, **kwargs: Any) -> None:
        """`trainer.test` without Lightning's list of numbers: RunResults prints a table."""
        self.trainer.test(**kwargs | {"verbose": False})


def main(args: list[str] | None = None, prog: str = "lightning") -> int:
    """Run the command line.

    Returns 0 on success, 2 after one sentence on stderr for a mistake of the user's, 130 when interrupted, 143 when
    terminated; in the last two cases last.ckpt has the state to go on from.
    """
    quiet_libraries()
    # The user's own stages and data modules are in the working folder; at the end of the path they hide nothing.
    sys.path.append(os.getcwd())
    raising: dict[str, Any] = {"prog": prog, "exit_on_error": False}
    try:
        args = [*find_recipes_in_arguments(sys.argv[1:] if args is None else args), *folder_of_agent()]
        StageCLI(
            BaseStage,
            LightningDataModule,
            subclass_mode_model=True,
            subclass_mode_data=True,
            save_config_callback=RunConfig,
            trainer_defaults=TRAINER_DEFAULTS,
            seed_everything_default=0,
            auto_configure_optimizers=False,
            parser_class=WholeKeysParser,
            parser_kwargs=raising | {command: {"exit_on_error": False} for command in StageCLI.subcommands()},
            args=args,
        )
    except SIGTERMException:
        return TERMINATED
    except SystemExit as stop:
        # Lightning exits with 1 after Ctrl-C, the parser with 0 after --help.
        return INTERRUPTED if stop.code == 1 else int(stop.code or 0)
    except Exception as error:
        sentence = user_mistake(error)
        if sentence is None:
            raise
        print(f"{prog}: {sentence}", file=sys.stderr)
        return 2
    return 0


def as_list(value: Any) -> list[Any]:
    """None, one object or several, as the trainer takes them."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


if __name__ == "__main__":
    sys.exit(main())
