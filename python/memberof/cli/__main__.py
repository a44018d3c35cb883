"""``python -m memberof.cli``."""

from memberof.cli.command import main

raise SystemExit(main())
