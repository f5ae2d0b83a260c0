"""A stand-in for the resource plugin `azure-native`: the SDK's inputs as ARM requests."""
