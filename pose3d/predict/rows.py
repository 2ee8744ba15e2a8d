"""Rows of predictions written while they come, so that a run that is killed leaves what it had.

A `.rows` file is one line of JSON (the columns, and what holds for all rows), followed by the rows as fixed-size
records. A record that was cut short at the end is left out when the file is read.
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
    """Appends the rows of predictions to a file beside the predictions file, which it removes when all is done."""

    def __init__(self, predictions_file: Path) -> None:
        self.path = predictions_file.with_name(f"{predictions_file.name}.{os.getpid()}{SUFFIX}")
        self._file: BinaryIO | None = None
        self._dtype: np.dtype | None = None

    def append(self, part: Predictions) -> None:
        """Write rows through to the operating system; all parts have the same keys."""
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
        """All rows, read back."""
        if self._file is None:
            raise PoseError("there was no frame to predict; check the input")
        self.close()
        predictions = read_rows(self.path)
        predictions.sequence_names = np.array(sequence_names)
        return predictions

    def close(self) -> None:
        """Close the file, which keeps its rows."""
        if self._file is not None:
            self._file.close()

    def remove(self) -> None:
        """Delete the file, once its rows are elsewhere."""
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
    """The rows of a `.rows` file; one that is cut short within its first line is a PoseError."""
    try:
        with path.open("rb") as file:
            header = json.loads(file.readline())
            dtype = np.dtype([(key, kind, tuple(shape)) for key, kind, shape in header["columns"]])
            content = file.read()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PoseError(f"{path} cannot be read as rows of predictions ({error}); predict again") from error
    records = np.frombuffer(content[: len(content) // dtype.itemsize * dtype.itemsize], dtype)
    if not len(records):
        raise PoseError(f"{path} holds no whole row; predict again")
    known = {field.name for field in fields(Predictions)}
    columns = {key: np.ascontiguousarray(records[key]) for key in dtype.names or () if key in known}
    texts = {key: header[key] for key in TEXTS if key in header}
    return Predictions(**columns, **texts, path=str(path))  # type: ignore[arg-type]
