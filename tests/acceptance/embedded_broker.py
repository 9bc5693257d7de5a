"""The embedded broker of the demo: `python -m tests.acceptance.embedded_broker PORT`."""

import sys

from simulators.demo.broker import serve

if __name__ == "__main__":
    serve(int(sys.argv[1]))
