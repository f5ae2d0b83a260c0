"""Writes the JSON Schemas of Azure's resource types out of the official Python SDKs."""
