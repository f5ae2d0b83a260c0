"""ARM templates: their language, and deployments that put what they declare."""
