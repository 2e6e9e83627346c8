"""Detectors and fits from the bytes of their files."""

import contextlib
import os
import tempfile

from ._oodbench import Detector, fits_of_file


@contextlib.contextmanager
def _file(data):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "state")
        with open(path, "wb") as file:
            file.write(data)
        yield path


def restore(score, parameters, data, head):
    if data is None:
        return Detector(score, **parameters)
    with _file(data) as path:
        return Detector.load(path, head=head)


def restore_fits(data, head):
    with _file(data) as path:
        return fits_of_file(path, head)
