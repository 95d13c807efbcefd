"""Run the local model server: `python -m model_server.server --models DIR`."""

import sys

from model_server.server.cli import main

if __name__ == "__main__":
    sys.exit(main())
