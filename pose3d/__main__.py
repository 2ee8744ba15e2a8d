"""`python -m pose3d COMMAND` is the same as `pose3d COMMAND`."""

import sys

from pose3d.app import main

sys.exit(main())
