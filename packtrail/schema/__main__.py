"""`python -m packtrail.schema [FOLDER]` writes the schemas, by default beside this file."""

import sys
from pathlib import Path

from packtrail.schema import write

write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
