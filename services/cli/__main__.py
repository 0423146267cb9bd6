"""`python -m services.cli`: the same program as `veilleur`."""

from services.cli.main import run

run()
