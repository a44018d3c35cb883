"""Write tests/vectors/<NNN-name>/{response.xml or .b64, case.toml}. ``make vectors``.

Signed by xmlsec1 and by libxml2 with OpenSSL, never by memberof. Running it again changes nothing: what is random in a
signature (ECDSA in xmlsec1, PSS, OAEP) stays as committed. ``--fresh`` signs all anew.
"""

from __future__ import annotations

import shutil
import sys

import accepted  # noqa: F401
import documents  # noqa: F401
import encrypted  # noqa: F401
import keys
import profile_checks  # noqa: F401
import signatures  # noqa: F401
import wrapping  # noqa: F401
from case import CASES, VECTORS

keys.make_missing()
numbers = [item.number for item in CASES]
if len(set(numbers)) != len(numbers):
    sys.exit(f"two vectors with one number: {sorted({n for n in numbers if numbers.count(n) > 1})}")
chosen = [
    item
    for item in CASES
    if not (names := [a for a in sys.argv[1:] if a != "--fresh"]) or any(n in item.folder.name for n in names)
]
changed = [
    item.folder.name
    for item in sorted(chosen, key=lambda item: item.number)
    if item.write(fresh="--fresh" in sys.argv)
]
known = {item.folder.name for item in CASES}
for folder in VECTORS.iterdir():
    if folder.name[:3].isdigit() and folder.name not in known:
        shutil.rmtree(folder)
        changed.append(f"{folder.name} (removed)")
print(f"{len(chosen)} vectors, {len(changed)} changed")
for name in changed:
    print(" ", name)
