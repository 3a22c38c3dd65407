"""Debian's real Kannel between our process and a message centre that keeps count; see `make kannel`."""
