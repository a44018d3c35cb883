"""Groups for Django projects that sign people in with another library.

``INSTALLED_APPS += ["memberof.django", "memberof.adapters.django"]``, ``MEMBEROF = {"VIEWS": False}`` and
``MEMBEROF_SYNC = "shop.groups.sync"``, the dotted path of a :class:`memberof.GroupSync` over
:class:`memberof.django.store.DjangoStore` (or of a function: entity ID → GroupSync or None). Then the part for the library:

- :mod:`.djangosaml2`: an assertion consumer service, or a backend.
- :mod:`.saml2_auth`: two triggers for django-saml2-auth(-community).
- :mod:`.social_auth`: a step of the pipeline.
- :mod:`.allauth`: a provider class.
"""

from __future__ import annotations
