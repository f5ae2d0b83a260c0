"""Entra ID as clients meet it: discovery, client credentials, signed tokens."""
