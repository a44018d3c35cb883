"""What a login over the web needs whatever the framework: pure decisions and values, standard library only.

A framework's adapter does the input and output (rows, cookies, redirects) and asks here for every decision:

- :mod:`memberof.web.pending`: requests on their way to the identity provider, bound to the browser that began them.
- :mod:`memberof.web.paths`: where a browser may be sent after the login.
- :mod:`memberof.web.answer`: what a posted Response means: sign in, begin again, or refuse.
- :mod:`memberof.web.accounts`: whose account a subject is (rule R14), and which flags its groups give.
- :mod:`memberof.web.building` and :mod:`memberof.web.profile`: what follows from a provider's settings, and what is
  read of a user beside her groups.
- :mod:`memberof.web.refusal`: the cause in the log, a reference on the page.
- :mod:`memberof.web.fetch` and :mod:`memberof.web.refresh`: the identity provider's metadata, fetched and compared
  safely, never on the way of a login.
"""

from __future__ import annotations
