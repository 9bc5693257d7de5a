"""The way down to gateways: signed commands, their answers, and answers to their questions.

What an operator orders enters, a signed command leaves and the gateway's verified answer comes
back. Gateways may ask which pack a vehicle has; the ledger answers.
"""

from cloud_bridge.downlink.orders import Operator, order_of
from cloud_bridge.downlink.questions import QuestionDesk

__all__ = ["Operator", "QuestionDesk", "order_of"]
