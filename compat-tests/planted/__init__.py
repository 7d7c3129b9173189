"""Planted bugs: how well the suite finds what is wrong. See README.md."""
