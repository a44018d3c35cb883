"""The memberOf story with real identity providers. ``make live``."""
