"""What clients get while what is behind the DNS proxy fails: a steady stream of questions."""
