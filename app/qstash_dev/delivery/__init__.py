"""How a message comes to its destination: waiting, the call, its signature, what follows."""
