"""A child process of ``dnsd serve``: ``python -m dnsd.app ROLE FD``; what it has to do comes through ``FD``."""

import sys

from dnsd.app.child import main

sys.exit(main(int(sys.argv[2])))
