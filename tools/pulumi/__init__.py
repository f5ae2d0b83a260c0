"""What stands beside a Pulumi command line that was built from source."""
