"""Write rows of predictions as they are computed, so that a killed run leaves its rows.

A `.rows` file is one line of JSON (the columns, and the values that all rows share), followed by the rows as records of
fixed size. A truncated record at the end is ignored when the file is read.
"""

import json
import os
from dataclasses import fields
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from pose3d.errors import PoseError
from pose3d.files import cannot_write
from pose3d.predictions import SHAPES, TEXTS, Predictions

SUFFIX = ".rows"


class RowWriter:
    """Append the rows of predictions to a file beside the predictions file, which is removed at the end."""

    def __init__(self, predictions_file: Path) -> None:
        self.path = predictions_file.with_name(f"{predictions_file.name}.{os.getpid()}{SUFFIX}")
        self._file: BinaryIO | None = None
        self._dtype: np.dtype | None = None

    def append(self, part: Predictions) -> None:
        """Write rows and flush them to the operating system; all parts have the same keys."""
        try:
            if self._file is None:
                self._begin(part)
            assert self._dtype is not None
            assert self._file is not None
            records = np.empty(len(part), self._dtype)
            for key in self._dtype.names or ():
                records[key] = getattr(part, key)
            self._file.write(records.tobytes())
            self._file.flush()
        except OSError as error:
            raise cannot_write(self.path, error.strerror or str(error)) from error

    def finish(self, sequence_names: list[str]) -> Predictions:
        """Read all rows back."""
        if self._file is None:
            raise PoseError("there was no frame to predict; check the input")
        self.close()
        predictions = read_rows(self.path)
        predictions.sequence_names = np.array(sequence_names)
        return predictions

    def close(self) -> None:
        """Close the file and keep it."""
        if self._file is not None:
            self._file.close()

    def remove(self) -> None:
        """Delete the file, once its rows are in the predictions file."""
        self.close()
        self.path.unlink(missing_ok=True)

    def _begin(self, part: Predictions) -> None:
        columns = {key: getattr(part, key) for key in SHAPES if getattr(part, key) is not None}
        described = [(key, np.asarray(value).dtype.str, SHAPES[key]) for key, value in columns.items()]
        self._dtype = np.dtype(described)
        header: dict[str, Any] = {"columns": described} | {key: getattr(part, key) for key in TEXTS}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("wb")
        self._file.write(json.dumps(header).encode() + b"\n")


def read_rows(path: Path) -> Predictions:
    """Read the rows of a `.rows` file.

    Raises:
        PoseError: The file is not of this format, or is truncated before the end of its first row.
    """
    try:
        with path.open("rb") as file:
            header = json.loads(file.readline())
            dtype = np.dtype([(key, kind, tuple(shape)) for key, kind, shape in header["columns"]])
            content = file.read()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PoseError(f"{path} cannot be read as rows of predictions ({error}); predict again") from error
    records = np.frombuffer(content[: len(content) // dtype.itemsize * dtype.itemsize], dtype)
    if not len(records):
        raise PoseError(f"{path} contains no complete row; predict again")
    known = {field.name for field in fields(Predictions)}
    columns = {key: np.ascontiguousarray(records[key]) for key in dtype.names or () if key in known}
    texts = {key: header[key] for key in TEXTS if key in header}
    return Predictions(**columns, **texts, path=str(path))  # type: ignore[arg-type]
