"""Every test of ``tests/python/test_policies.py``, on PostgreSQL."""

from test_policies import *  # noqa: F403
