"""The HTTP of notify: one file a resource."""
