"""The tests of Seamark."""
