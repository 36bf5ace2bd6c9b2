"""Many containers: a fake engine that replays recorded ones, and what the registrar makes of it."""
