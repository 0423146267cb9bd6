"""One function a use case, named by a verb."""
