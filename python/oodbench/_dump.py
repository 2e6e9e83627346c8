"""Dumps, written from a loop over batches."""

from ._oodbench import Run


class dump(Run):
    """A run that is written to a folder at the end of a `with` block: whole, or not at all where the block fails.

        with oodbench.dump("dumps/resnet18", model="resnet18", seed=0, head=model.fc) as out:
            for x, y in loader:
                z, features = model(x)
                out.add("test", logits=z, features=features, labels=y)

    The layout is that of `oodbench explain layout`, so `oodbench score dumps/resnet18` reads it. The rows are in memory until then. The run's name is that
    of the folder unless name is given; replace=True replaces what is there.
    """

    def __new__(cls, path, *, name=None, replace=False, **info):
        import os

        own = super().__new__(cls, name or os.path.basename(os.path.abspath(path)), **info)
        own._path, own._replace = path, replace
        return own

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        if kind is None:
            self.write(self._path, replace=self._replace)
        return False
