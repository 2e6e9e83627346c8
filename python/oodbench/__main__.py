"""`python -m oodbench`: the command line."""

from ._cli import main

main()
