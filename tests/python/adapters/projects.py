"""Blank Django projects that already use a library: what their owners have written before memberof comes.

Run inside such a project (``python runner.py LIBRARY``), :func:`main` sends every case of the wire through the library's
own views and prints what became of it.
"""

from __future__ import annotations

SETTINGS = """
from pathlib import Path
BASE_DIR = Path(__file__).parent.parent
SECRET_KEY = "only for this test"
DEBUG = False
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
    "django.contrib.messages", "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "shop.urls"
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
    "OPTIONS": {"context_processors": ["django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth", "django.contrib.messages.context_processors.messages"]},
}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
STATIC_URL = "static/"
LOGIN_REDIRECT_URL = "/"
"""

URLS = """
from django.contrib import admin
from django.http import HttpResponse
from django.urls import include, path
urlpatterns = [
    path("", lambda request: HttpResponse(request.user.get_username() or "nobody")),
    path("admin/", admin.site.urls),
"""

# Library → what its user has in settings.py and urls.py already; IDP_XML and IDP_CERT stand for the identity provider's.
BEFORE: dict[str, tuple[str, str]] = {
    "djangosaml2": (
        """
import saml2
INSTALLED_APPS += ["djangosaml2"]
MIDDLEWARE += ["djangosaml2.middleware.SamlSessionMiddleware"]
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend", "djangosaml2.backends.Saml2Backend"]
SAML_CREATE_UNKNOWN_USER = True
SAML_USE_NAME_ID_AS_USERNAME = True
SAML_ATTRIBUTE_MAPPING = {"email": ("email",)}
SAML_SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = False
SAML_CONFIG = {
    "entityid": "http://shop.example.test/saml2/metadata/",
    "metadata": {"local": [str(BASE_DIR / "idp.xml")]},
    "service": {"sp": {
        "endpoints": {"assertion_consumer_service": [("http://shop.example.test/saml2/acs/", saml2.BINDING_HTTP_POST)]},
        "authn_requests_signed": False, "want_response_signed": False, "want_assertions_signed": True,
    }},
}
""",
        '    path("saml2/", include("djangosaml2.urls")),\n',
    ),
    "django-saml2-auth-community": (
        """
INSTALLED_APPS += ["django_saml2_auth"]
SAML2_AUTH = {
    "METADATA_LOCAL_FILE_PATH": str(BASE_DIR / "idp.xml"),
    "ENTITY_ID": "http://shop.example.test/sso/acs/",
    "ASSERTION_URL": "http://shop.example.test",
    "DEFAULT_NEXT_URL": "/",
    "CREATE_USER": True,
    "NEW_USER_PROFILE": {"USER_GROUPS": [], "ACTIVE_STATUS": True, "STAFF_STATUS": False, "SUPERUSER_STATUS": False},
    "ATTRIBUTES_MAP": {"email": "email", "username": "uid", "first_name": "uid", "last_name": "uid"},
    "TOKEN_REQUIRED": False,
    "AUTHN_REQUESTS_SIGNED": False,
    "JWT_ALGORITHM": "HS256",
    "JWT_SECRET": "only for this test, and as long as it should be",
}
""",
        '    path("sso/", include("django_saml2_auth.urls")),\n',
    ),
    "social-auth-app-django": (
        """
INSTALLED_APPS += ["social_django"]
MIDDLEWARE += ["social_django.middleware.SocialAuthExceptionMiddleware"]
SOCIAL_AUTH_LOGIN_ERROR_URL = "/"
AUTHENTICATION_BACKENDS = ["social_core.backends.saml.SAMLAuth", "django.contrib.auth.backends.ModelBackend"]
SOCIAL_AUTH_SAML_SP_ENTITY_ID = "http://shop.example.test/saml"
SOCIAL_AUTH_SAML_SP_PUBLIC_CERT = SOCIAL_AUTH_SAML_SP_PRIVATE_KEY = ""
SOCIAL_AUTH_SAML_ORG_INFO = {"en-US": {"name": "shop", "displayname": "Shop", "url": "http://shop.example.test"}}
SOCIAL_AUTH_SAML_TECHNICAL_CONTACT = SOCIAL_AUTH_SAML_SUPPORT_CONTACT = {
    "givenName": "Ada", "emailAddress": "ada@corp.example",
}
SOCIAL_AUTH_SAML_ENABLED_IDPS = {"acme": {
    "entity_id": "https://idp.example/metadata", "url": "https://idp.example/sso",
    "x509cert": (BASE_DIR / "idp.crt").read_text(),
    "attr_user_permanent_id": "name_id", "attr_username": "uid", "attr_email": "email",
    "attr_full_name": "uid", "attr_first_name": "uid", "attr_last_name": "uid",
}}
""",
        '    path("", include("social_django.urls", namespace="social")),\n',
    ),
    "django-allauth": (
        """
INSTALLED_APPS += ["allauth", "allauth.account", "allauth.socialaccount", "allauth.socialaccount.providers.saml"]
MIDDLEWARE += ["allauth.account.middleware.AccountMiddleware"]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend", "allauth.account.auth_backends.AuthenticationBackend",
]
SOCIALACCOUNT_LOGIN_ON_GET = True
ACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_AUTO_SIGNUP = True
SOCIALACCOUNT_PROVIDERS = {"saml": {"APPS": [{
    "name": "Acme", "client_id": "acme", "provider_id": "https://idp.example/metadata",
    "settings": {
        "idp": {"entity_id": "https://idp.example/metadata", "sso_url": "https://idp.example/sso",
                "x509cert": (BASE_DIR / "idp.crt").read_text()},
        "sp": {"entity_id": "http://shop.example.test/saml"},
        "attribute_mapping": {"username": "uid", "email": "email"},
    },
}]}}
""",
        '    path("accounts/", include("allauth.urls")),\n',
    ),
}

# Library → (our entity ID, our assertion consumer service).
ADDRESSES = {
    "djangosaml2": ("http://shop.example.test/saml2/metadata/", "http://shop.example.test/saml2/acs/"),
    "django-saml2-auth-community": ("http://shop.example.test/sso/acs/", "http://shop.example.test/sso/acs/"),
    "social-auth-app-django": ("http://shop.example.test/saml", "http://shop.example.test/complete/saml/"),
    "django-allauth": ("http://shop.example.test/saml", "http://shop.example.test/accounts/saml/acme/acs/"),
}
