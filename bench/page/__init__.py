"""What the status page costs the process that it tells of."""
