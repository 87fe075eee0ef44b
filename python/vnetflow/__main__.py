"""`python -m vnetflow` is the command line."""

import sys

from vnetflow.cli import main

if __name__ == "__main__":
    sys.exit(main())
