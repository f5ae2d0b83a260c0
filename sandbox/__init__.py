"""Azure on one machine: public protocols, official clients, no account."""
