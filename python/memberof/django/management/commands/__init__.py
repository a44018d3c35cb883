"""The commands ``memberof_…``."""
