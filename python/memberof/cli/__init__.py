"""The command ``memberof``: look at a Response, list presets, run a test identity provider."""

from memberof.cli.command import main

__all__ = ["main"]
