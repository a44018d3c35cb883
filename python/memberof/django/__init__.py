"""SAML sign-in with group synchronisation for Django: ``INSTALLED_APPS += ["memberof.django"]``.

Views, models, admin pages, system checks and management commands over :mod:`memberof`. Settings are read from
``settings.MEMBEROF`` (:mod:`memberof.django.conf`) and never written. See docs/tutorials/django.md.
"""

from __future__ import annotations
