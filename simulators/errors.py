"""The one error of this room."""

from packtrail.errors import PacktrailError


class SimulationError(PacktrailError):
    """A pack that cannot exist, or a simulation that left what is physical and says where."""
