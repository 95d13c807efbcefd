"""How much is explored: a sample, or all of it with CRASH_TESTS=full."""

import os

FULL = os.environ.get("CRASH_TESTS") == "full"
