"""What the embedded catalog takes, and what an answer out of it costs."""
