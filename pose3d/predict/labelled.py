"""A pose store as input: whole images in order, with cameras, boxes and targets (paper section 6.4).

The protocols require a prediction for every frame, so the whole image is the box if no person is found. A pose that is
not finite even then is an error; no frame is left out of the scores.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from pose3d.data.dataset import ID_COLUMNS, PoseDataset
from pose3d.data.store import PoseStore
from pose3d.errors import PoseError
from pose3d.predict.frames import Frame
from pose3d.predict.images import StoredImage
from pose3d.predict.person import whole_image
from pose3d.predictions import NAMES, Predictions
from pose3d.skeleton import MPI_INF_3DHP_17

SUFFIXES = (".h5", ".hdf5")


class StoreFrames:
    """The samples of a pose store; the number of a frame is its row."""

    def __init__(self, path: Path) -> None:
        self.store = PoseStore(path)
        self.labels = PoseDataset(self.store, with_3d=self.store.has("joints_3d_univ"))
        self.names = [path.name]

    @property
    def expected(self) -> int:
        """Number of frames."""
        return len(self.store)

    def __iter__(self) -> Iterator[Frame]:
        for row, (width, height) in enumerate(self.labels.size.tolist()):
            yield Frame(StoredImage(self.store, row, (width, height)), row)

    def sizes(self) -> Iterator[tuple[int, int] | None]:
        """(width, height) px of each image."""
        return iter([(width, height) for width, height in self.labels.size.tolist()])

    @property
    def boxes(self) -> np.ndarray:
        """(N, 4) x, y, w, h px, tight around the true joints."""
        return self.labels.bbox

    def intrinsics(self, rows: Sequence[int]) -> np.ndarray | None:
        """Intrinsics (B, 3, 3); None for stores with 2D labels only, whose cameras are not known."""
        return None if self.labels.intrinsics is None else self.labels.intrinsics[list(rows)]

    def label(self, predictions: Predictions) -> None:
        """Add the store's targets and labels to the predictions, as the test of a stage does."""
        labels = self.labels
        valid = predictions.require("valid", "the labels of a store")
        if not valid.all():
            raise PoseError(
                f"the networks give no finite pose for {(~valid).sum()} of {len(valid)} frames of {self.store.path}, "
                f"the first in row {int(np.flatnonzero(~valid)[0])}, but every frame counts; train them longer"
            )
        predictions.target_2d, predictions.visible = labels.joints_2d, labels.visible
        predictions.head_size = labels.head_size
        for name in ID_COLUMNS:
            setattr(predictions, name, labels.ids[name])
        for name in NAMES:
            setattr(predictions, name, np.array(self.store.attrs[name]))
        if labels.has_3d:
            root = labels.joints_3d_cam[:, MPI_INF_3DHP_17.root]
            predictions.target_3d = labels.joints_3d
            predictions.target_3d_true = labels.joints_3d_cam - root[:, None]
            predictions.target_translation = root

    def missed(self, predictions: Predictions) -> int:
        """Number of frames in which no person was found, so that the whole image was the box."""
        whole = np.stack([whole_image((height, width)) for width, height in self.labels.size.tolist()])
        return int((predictions.require("bbox", "the summary") == whole).all(axis=1).sum())
