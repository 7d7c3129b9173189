"""`python -m wire`: the declared protocol, for people and for other programs."""

import sys

from wire.tool.cli import main

if __name__ == "__main__":
    sys.exit(main())
