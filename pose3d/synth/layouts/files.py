"""Official file formats: videos, MATLAB cells and structs, MATLAB 7.3 files, CDF poses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np

from pose3d.data.sources.matlab import NEEDS_EXTRA
from pose3d.errors import PoseError

JPEG_QUALITY = 92


class VideoWriter:
    """An MPEG-4 video, .avi (XVID) or .mp4, written frame by frame."""

    def __init__(self, path: Path, size: tuple[int, int], fps: float) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        code = cv2.VideoWriter.fourcc(*("XVID" if path.suffix == ".avi" else "mp4v"))
        self.writer = cv2.VideoWriter(str(path), code, fps, size)
        if not self.writer.isOpened():
            raise PoseError(f"cannot write the video {path}; is the disk full?")

    def add(self, image: np.ndarray) -> None:
        """Append a frame (H, W, 3) uint8 BGR."""
        self.writer.write(image)

    def close(self) -> None:
        """Finish the file."""
        self.writer.release()


def write_jpeg(path: Path, image: np.ndarray) -> None:
    """Write an image (H, W, 3) uint8 BGR as JPEG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes())


def save_v5(path: Path, variables: dict[str, Any]) -> None:
    """Write a MATLAB version 5 file; raises PoseError without scipy."""
    try:
        from scipy.io import savemat
    except ImportError as error:
        raise PoseError(f"writing {path} {NEEDS_EXTRA}") from error
    savemat(path, variables, do_compression=True)


def cell(values: Sequence[Any]) -> np.ndarray:
    """A column cell, (N, 1)."""
    cells = np.empty((len(values), 1), object)
    for index, value in enumerate(values):
        cells[index, 0] = value
    return cells


def struct(**fields: Any) -> np.ndarray:
    """A 1 x 1 struct."""
    record = np.empty((1, 1), [(name, object) for name in fields])
    for name, value in fields.items():
        record[name][0, 0] = value
    return record


def struct_row(records: Sequence[np.ndarray]) -> np.ndarray:
    """Concatenate 1 x 1 structs to a 1 x N struct."""
    return np.concatenate(records, axis=1)


class V73File:
    """A MATLAB 7.3 file (HDF5 behind MATLAB's 512-byte header)."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.file = h5py.File(path, "w", userblock_size=512)

    def __enter__(self) -> V73File:
        return self

    def matrix(self, name: str, values: np.ndarray) -> h5py.Dataset:
        """Write a matrix, compressed as MATLAB does; its axes are those of MATLAB in reverse order."""
        dataset = self.file.create_dataset(name, data=values, compression="gzip", compression_opts=3)
        kind = "logical" if values.dtype == bool else "uint8" if values.dtype == np.uint8 else "double"
        dataset.attrs["MATLAB_class"] = np.bytes_(kind)
        return dataset

    def cells(self, name: str, values: Sequence[np.ndarray]) -> None:
        """A 1 x N cell of matrices: (N, 1) in the file, as public readers of Human3.6M index it."""
        references = [self.matrix(f"#refs#/{name}{index}", value).ref for index, value in enumerate(values)]
        dataset = self.file.create_dataset(name, (len(values), 1), h5py.ref_dtype)
        for index, reference in enumerate(references):
            dataset[index, 0] = reference
        dataset.attrs["MATLAB_class"] = np.bytes_("cell")

    def __exit__(self, *exc: object) -> None:
        self.file.close()
        text = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created by: pose3d HDF5 schema 1.00 ."
        with self.path.open("r+b") as raw:
            raw.write(text.ljust(116, b" ") + bytes(8) + b"\x00\x02IM")


def save_cdf(path: Path, poses: np.ndarray) -> None:
    """Human3.6M's pose file: `Pose` (1, N, columns) float32."""
    try:
        from cdflib.cdfwrite import CDF
    except ImportError as error:
        raise PoseError(f"writing {path} {NEEDS_EXTRA}") from error
    path.parent.mkdir(parents=True, exist_ok=True)
    data = poses.reshape(1, len(poses), -1).astype(np.float32)
    file = CDF(str(path), {"Majority": "row_major", "Encoding": 6})
    spec = {"Variable": "Pose", "Data_Type": CDF.CDF_FLOAT, "Num_Elements": 1, "Rec_Vary": True}
    file.write_var(spec | {"Dim_Sizes": list(data.shape[1:])}, var_data=data)
    file.close()
