"""What notify does, one function a use case, each inside the caller's transaction."""
