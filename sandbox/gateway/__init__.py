"""The way in: a CONNECT proxy that ends TLS for Azure's host names and lets no other out."""
