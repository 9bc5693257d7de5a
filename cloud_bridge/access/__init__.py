"""Who may see what: the access table, keys of machines, and the log of restricted reads.

Default deny: what no row of the table grants to a role, for a purpose, in a jurisdiction, is
hidden, and the answer says that it is hidden and who may ask for it.
"""

from cloud_bridge.access.fields import Field, Jurisdiction, Purpose, Reader
from cloud_bridge.access.gate import Gate, Sight
from cloud_bridge.access.table import AccessTable, read_table

__all__ = [
    "AccessTable",
    "Field",
    "Gate",
    "Jurisdiction",
    "Purpose",
    "Reader",
    "Sight",
    "read_table",
]
