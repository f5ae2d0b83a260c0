"""Azure Resource Manager: what every resource type shares, written once."""
