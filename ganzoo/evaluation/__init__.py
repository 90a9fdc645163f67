"""Images -> features -> metrics -> scores with protocols, and their report."""
