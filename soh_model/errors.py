"""What a caller of `soh_model` can do wrong; bad data is an outcome, not an error."""

from packtrail.errors import PacktrailError


class ModelError(PacktrailError):
    """A specification, file or model that cannot be used."""
