"""Online endpoints at work: the deployments' server processes and the router in front of them."""
