"""The HTTP side of notify: one router a noun."""
