"""The command ``memberof``: look at a Response, audit memberships, list presets, run a test identity provider."""

from memberof.cli.command import main

__all__ = ["main"]
