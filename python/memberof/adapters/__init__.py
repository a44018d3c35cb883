"""The way in for applications that verify logins with another library: each a few lines on one core.

- :mod:`memberof.adapters.login`: a login as any library reports it, and :meth:`~memberof.adapters.login.LibraryLogin.into`
  the synchronisation.
- :mod:`memberof.adapters.python3_saml`, :mod:`memberof.adapters.pysaml2`: read it from what these libraries verified.
- :mod:`memberof.adapters.oidc`: from the claims of an OpenID Connect ID token.
- :mod:`memberof.adapters.django`: djangosaml2, django-saml2-auth, social-auth-app-django and django-allauth.

No library is imported unless the module of its name is. What each of them blurs, and what is made of that, is told in
docs/tutorials/your-saml-library.md.
"""

from __future__ import annotations
