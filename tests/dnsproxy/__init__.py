"""Tests of dnsproxy."""
