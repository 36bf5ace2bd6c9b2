"""The registrar's contacts with the world: the container engine."""
