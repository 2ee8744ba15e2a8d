"""The paper's data sets as data modules; the paper's sampling and augmentation are their defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from pose3d.data.arguments import NonNegativeFloat, PositiveFloat, PositiveInt, Share
from pose3d.data.prepared import OfficialSplit, PreparedDataModule
from pose3d.data.shards import open_store
from pose3d.data.splits import Subjects
from pose3d.errors import PoseError

_TEST_TREES = ("TS[1-6]", "mpi_inf_3dhp_test_set")
MPI_INF_3DHP = (
    OfficialSplit("mpi_inf_3dhp", "train", "mpi_inf_3dhp"),
    OfficialSplit("mpi_inf_3dhp", "test", "mpi_inf_3dhp_test", marks=_TEST_TREES),
)
HUMAN36M = (
    OfficialSplit("h36m", "train", "h36m", {"split": "train"}),
    OfficialSplit("h36m", "test", "h36m", {"split": "test"}, marks=("S9", "S11", "processed/S9", "processed/S11")),
)
MPII_LSP = (
    OfficialSplit("mpii", "train", "mpii", {"split": "train"}),
    OfficialSplit("lsp", "train", "lsp", {"split": "train"}),
    OfficialSplit("lspet", "train", "lspet"),
    OfficialSplit("mpii", "val", "mpii", {"split": "valid"}, marks=("annot/valid.json",)),
    OfficialSplit("lsp", "val", "lsp", {"split": "test"}, marks=("images/im1001.jpg", "*/images/im1001.jpg")),
)


class _Trained3D(PreparedDataModule):
    """What Human3.6M and MPI-INF-3DHP share: 37,500 frames at two scales in batches of five, subject 8 held out.

    The paper trains on everybody: `val_subjects: null`. Subject 8 is held out by default so that `best.ckpt` is not
    chosen on the test people.
    """

    def __init__(
        self,
        val_subjects: Subjects = [8],  # noqa: B006  (never mutated)
        val_samples: PositiveInt | None = 1000,
        scales: list[PositiveFloat] = [0.7, 1.0],  # noqa: B006
        batch_size: PositiveInt = 5,
        eval_batch_size: PositiveInt = 16,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            val_subjects=val_subjects,
            val_samples=val_samples,
            scales=scales,
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            **kwargs,
        )


class MPIINF3DHPDataModule(_Trained3D):
    """MPI-INF-3DHP for stages 2 and 3: chest-high cameras, frames that moved by more than 200 mm (paper section 4.2).

    `root` holds S1 ... S8, and TS1 ... TS6 or `mpi_inf_3dhp_test_set` where there is a test set (or name it by
    `roots: {mpi_inf_3dhp_test: DIR}`). `composite: true` gives the augmented set (decision D4).
    """

    splits = MPI_INF_3DHP


class Human36MDataModule(_Trained3D):
    """Human3.6M for stages 2 and 3: S1, 5, 6, 7, 8 to train, S9 and 11 to test (decision D1).

    `root` holds the official folders, or what h36m-fetch makes of them (`processed`).
    """

    splits: ClassVar[tuple[OfficialSplit, ...]] = HUMAN36M

    def layout(self, split: OfficialSplit, folder: Path) -> str:
        """h36m_fetch where its folder is there."""
        fetched = split.source == "h36m" and ((folder / "processed").is_dir() or folder.name == "processed")
        return "h36m_fetch" if fetched else split.source


class Human36MAndMPIINF3DHPDataModule(Human36MDataModule):
    """Human3.6M and augmented MPI-INF-3DHP in equal parts (the paper's "both sets"), in batches of six.

    `root` holds the folders `h36m` and `mpi_inf_3dhp` (or name each by `roots`). The test set is that of MPI-INF-3DHP,
    and subject 8 of either set validates. It belongs with the schedules for both sets
    (`configs/ablations/both_sets.yaml`).
    """

    splits: ClassVar[tuple[OfficialSplit, ...]] = (HUMAN36M[0], *MPI_INF_3DHP)

    def __init__(
        self,
        mixture: list[Share] | None = [0.5, 0.5],  # noqa: B006
        composite: bool | list[Share] = True,
        batch_size: PositiveInt = 6,
        **kwargs: Any,
    ) -> None:
        super().__init__(mixture=mixture, composite=composite, batch_size=batch_size, **kwargs)


class MPIILSPDataModule(PreparedDataModule):
    """MPII, LSP and LSP extended (decision D9) for stage 1 (paper section 3.1).

    MPII's validation people validate and test. The defaults of rotation, mirroring and scale are decision D11: the
    paper names no augmentation for stage 1.

    `root` holds the folders `mpii`, `lsp` and `lspet` (those that are missing are left out), or is one of them. Where
    MPII's `annot/valid.json` is missing, the test half of LSP validates.
    """

    splits = MPII_LSP

    def __init__(
        self,
        with_3d: bool = False,
        val_samples: PositiveInt | None = 1000,
        batch_size: PositiveInt = 7,
        eval_batch_size: PositiveInt = 16,
        rotation_deg: NonNegativeFloat = 20.0,
        flip: Share = 0.5,
        scale_jitter: NonNegativeFloat = 0.2,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            with_3d=with_3d,
            val_samples=val_samples,
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            rotation_deg=rotation_deg,
            flip=flip,
            scale_jitter=scale_jitter,
            **kwargs,
        )

    def setup(self, stage: str | None = None) -> None:
        """Test on the validation people: labels of MPII's test people are not public."""
        self.test_store = self.test_store or self._first("val")
        super().setup(stage)
        self._refuse_mixed_people()

    def _refuse_mixed_people(self) -> None:
        """Raise PoseError where MPII's validation people are to score, and are among the training people."""
        from pose3d.data.sources.mpii import MIXED

        train, val = (self._store(split) for split in self.splits if split.dataset == "mpii")
        if train is None or val is None or val not in (self.val_file, self.test_file):
            return
        if open_store(train).attrs.get("sampling", {}).get("validation") == MIXED:
            raise PoseError(
                f"{train} was prepared without annot/valid.json, so the people of {val} are in it; delete it and "
                "prepare it again, or set data.val_store and data.test_store to other people"
            )

    def missing_training(self, training: list[OfficialSplit]) -> OfficialSplit | None:
        """Any of the three is enough."""
        return None if self.train_files else training[0]

    def recognise(self, root: Path) -> str:
        """By the files of each layout; LSP and LSP extended differ in the axes of their labels."""
        from pose3d.data.sources import lsp, lspet, mpii

        if (root / "annot").is_dir() or any((root / place / mpii.MAT_NAME).is_file() for place in mpii.MAT_PLACES):
            return "mpii"
        for name, places in (("lsp", lsp.PLACES), ("lspet", lsp.PLACES_EXTENDED)):
            if any((root / place / "joints.mat").is_file() for place in places):
                from pose3d.data.sources.framing import Framing

                try:
                    {"lsp": lsp, "lspet": lspet}[name].plan(root, framing=Framing(0, 0), limit=1)
                except PoseError:
                    continue
                return name
        return super().recognise(root)


class HumanEvaDataModule(PreparedDataModule):
    """HumanEva-I, S1, Walking and Box of the validation set, to test on (paper, HumanEva table)."""

    splits = (OfficialSplit("humaneva", "test", "humaneva"),)
