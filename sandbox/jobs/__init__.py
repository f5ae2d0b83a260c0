"""Jobs: their environments, the process that runs one, the queue in front of the computes."""
