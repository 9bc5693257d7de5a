"""The appraisal: what may be done with a pack, what it is worth, and a certificate of both.

The engine is `soh_model.triage`; here it gets the facts from the digital ID, the policy and the
prices from the operator's files, and its answer goes out as JSON, as a page to print and as a
signed certificate that verifies offline.
"""

from cloud_bridge.appraisal.appraiser import Appraisal, Appraiser
from cloud_bridge.appraisal.facts import facts_of

__all__ = ["Appraisal", "Appraiser", "facts_of"]
