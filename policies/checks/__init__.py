"""The checks, one small function a rule, in a module for each file of `rules/`.

A check reads a resource and yields what it found wrong, value included. Reading a value that is not
known before it is made raises: the preview tells so, and the check is asked again in the update.
"""
