"""`python -m stages fit ...` is the same as `lightning fit ...`."""

import sys

from stages.cli import main

sys.exit(main())
