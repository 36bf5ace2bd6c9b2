"""What containers of three hosts see when one of them fails."""
