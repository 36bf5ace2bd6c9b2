"""Tests of seamark."""
