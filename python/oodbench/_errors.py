"""Exceptions of what is written in Python."""

from ._oodbench import OodbenchError


class ShardError(OodbenchError):
    """Some rows of a shard that cannot be read or scored; the message names the shard and the rows."""
