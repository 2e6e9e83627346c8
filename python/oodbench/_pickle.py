"""Detectors from the bytes of their files."""

import os
import tempfile

from ._oodbench import Detector


def restore(score, parameters, data, head):
    if data is None:
        return Detector(score, **parameters)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "detector")
        with open(path, "wb") as file:
            file.write(data)
        return Detector.load(path, head=head)
