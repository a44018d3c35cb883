"""The compiled core of memberof. Import from ``memberof``, not from here."""
