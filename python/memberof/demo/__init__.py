"""The demonstration: ``python -m memberof.demo``. For a loopback address only: its identity provider signs in anybody."""
