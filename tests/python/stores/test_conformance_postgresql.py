"""The conformance kit on PostgreSQL."""

from test_testing_conformance import test_a_store_conforms as test_a_store_conforms
