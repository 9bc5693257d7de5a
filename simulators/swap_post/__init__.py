"""A swap station as its back office hears it: OCPP 2.1 BatterySwap over a WebSocket."""

from simulators.swap_post.post import PostOrder, Summary, SwapPost, swaps

__all__ = ["PostOrder", "Summary", "SwapPost", "swaps"]
