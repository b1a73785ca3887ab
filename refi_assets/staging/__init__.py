"""From the bytes of a source file to typed rows and a quarantine, with every row accounted for."""
