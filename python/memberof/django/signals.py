"""Signals that a sign-in sends, all after its commit. Receivers that raise are logged, and change nothing.

``signed_in``: ``request``, ``user``, ``provider``, ``outcome`` (:class:`memberof.LoginOutcome`), ``created``.
``memberships_changed``: ``user``, ``provider``, ``plan``, ``outcome``: the user's groups were changed.
``memberships_held``: ``user``, ``provider``, ``outcome``: a guard held something back.
``sign_in_refused``: ``request``, ``provider``, ``code``, ``reference``: shown to nobody but the log.
"""

from __future__ import annotations

from django.dispatch import Signal

signed_in = Signal()
memberships_changed = Signal()
memberships_held = Signal()
sign_in_refused = Signal()
