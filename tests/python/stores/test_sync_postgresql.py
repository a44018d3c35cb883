"""Every test of ``tests/python/test_sync.py``, on PostgreSQL."""

from test_sync import *  # noqa: F403
