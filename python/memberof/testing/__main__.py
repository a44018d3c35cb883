"""``python -m memberof.testing``."""

from memberof.testing.command import main

raise SystemExit(main())
