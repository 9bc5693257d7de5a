"""Live state: who listens to which pack, and who of them has news to fetch.

Nothing is queued for anybody: a listener is marked, and reads when it is ready for more. So one
that is slow or gone costs nothing, and a burst of events is one answer.
"""

from cloud_bridge.live.pulse import Listener, Pulse
from cloud_bridge.live.seats import Seat, Seats

__all__ = ["Listener", "Pulse", "Seat", "Seats"]
