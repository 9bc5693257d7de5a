"""The HTTP API: JSON over the digital ID, described by OpenAPI; and what guards every answer."""
