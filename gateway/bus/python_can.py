"""python-can, without what it drags in.

`import can` loads asammdf, and with it pandas, whenever they are installed: 85 MB for a log
format that no bus speaks. Seen absent while python-can is loaded, they stay out; can_decoder
reads MF4 by itself and still finds them.
"""

from __future__ import annotations

import sys
from typing import Final

_HEAVY: Final = "asammdf"

if _HEAVY in sys.modules or "can" in sys.modules:
    import can
else:
    sys.modules[_HEAVY] = None  # type: ignore[assignment]  # how Python marks what is absent
    try:
        import can
    finally:
        del sys.modules[_HEAVY]

__all__ = ["can"]
