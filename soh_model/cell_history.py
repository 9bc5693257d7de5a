"""The cells of one pack over many sessions: the worst of them, by the numbers of the last one.

Figures of sessions enter in order of time (`cell_outliers.cell_figures`); the worst cells over all
of them leave. Figures are small: who keeps them takes in a new session without reading the old
ones again. Fails as `cell_order` does where cells are too alike to be followed, and says so.
"""

from __future__ import annotations

from soh_model.cell_order import CellOrder, Match, Signature, matched
from soh_model.cell_outliers import CellFigures, CellOutliers


class CellHistory:
    """Figures taken in one by one.

    Attributes:
        outliers: the cells that discharge themselves most and resist most.
        cell_order: whether the sessions number the cells alike.
        sessions: sessions taken in.
    """

    def __init__(self) -> None:
        self.outliers, self.cell_order, self.sessions = CellOutliers(), CellOrder(), 0
        self._signature: Signature | None = None

    def take(self, figures: CellFigures) -> Match | None:
        """One more session, later than those before.

        Returns:
            Where the cells named so far are now; None for the first session.
        """
        match = matched(self._signature, figures.signature) if self.sessions else None
        if match is not None:
            self.cell_order = self.cell_order.with_order(match.order)
            self.outliers = self.outliers.renumbered(match)
        self.outliers = self.outliers.with_newer(figures.outliers)
        self._signature = figures.signature or self._signature
        self.sessions += 1
        return match
