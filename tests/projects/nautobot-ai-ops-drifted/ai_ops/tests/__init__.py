"""Tests that travel in the wheel."""
