"""Would `up` succeed? Looks before anything is made, and says how to mend what is in the way."""
