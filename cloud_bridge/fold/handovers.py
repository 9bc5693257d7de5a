"""Who gave a lot to whom, so that a lot that is spent twice leads to whoever sold it twice.

Of two buyers who each took over the lot and used it, neither has erred: the giver offered what
was no longer there. Without an acceptance, the user used what nobody gave.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cloud_bridge.fold.told import Told
from cloud_bridge.fold.tree import SCALE_SHARE
from packtrail.event import CustodyAccepted, CustodyOffered, LotRef


@dataclass(slots=True)
class Handovers:
    """Offers and acceptances of one lot, in order.

    Attributes:
        lot: which.
        offers: (giver, number of the offer) -> the offer.
        taken: (the acceptance, the offer that it accepts), in order.
        used: party -> kilograms that it used.
    """

    lot: LotRef
    offers: dict[tuple[str, str], Told] = field(default_factory=dict)
    taken: list[tuple[Told, Told]] = field(default_factory=list)
    used: dict[str, float] = field(default_factory=dict)

    def take(self, told: Told) -> None:
        """Note an offer or an acceptance of the lot."""
        match told.event.body:
            case CustodyOffered(offer=number, lots=lots) if self.lot in lots:
                self.offers[told.event.author, number] = told
            case CustodyAccepted(offer=number, from_party=giver, lots=lots) if self.lot in lots:
                offer = self.offers.get((giver, number))
                if offer is not None:
                    self.taken.append((told, offer))

    def use(self, told: Told, kg: float) -> None:
        """Note that so much of the lot was used."""
        author = told.event.author
        self.used[author] = self.used.get(author, 0.0) + kg

    def blame(self, use: Told) -> tuple[list[Told], list[Told]]:
        """Who is to blame for a use that is one too many.

        Args:
            use: the report that spends more than there was; noted before.

        Returns:
            Further facts that prove it, and the report that is wrong: the giver's last offer
            where it gave away what it had given or used already, else the use.
        """
        mine = [pair for pair in self.taken if pair[0].event.author == use.event.author]
        if not mine or self._more_than_got(use.event.author, mine):
            return [], [use]
        acceptance, offer = mine[-1]
        giver = offer.event.author
        given = [(one, by) for one, by in self.taken if by.event.author == giver]
        buyers = {one.event.author for one, _ in given}
        if len(buyers) < 2 and giver not in self.used:
            return [], [use]
        offers = sorted((by for _, by in given), key=lambda one: one.order)
        return list({one.event_id: one for one in (*offers, acceptance)}.values()), [offers[-1]]

    def _more_than_got(self, author: str, mine: list[tuple[Told, Told]]) -> bool:
        """Whether a buyer used more kilograms than it says itself that it took over."""
        got = 0.0
        for acceptance, _ in mine:
            body = acceptance.event.body
            if not isinstance(body, CustodyAccepted) or body.kg is None:
                return False
            got += body.kg + body.scale_error_kg
        return self.used[author] > got * (1 + SCALE_SHARE)
