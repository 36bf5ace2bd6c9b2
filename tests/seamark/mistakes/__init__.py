"""Ways in which a new user gets it wrong, each with the real cause, and the fix that is named."""
