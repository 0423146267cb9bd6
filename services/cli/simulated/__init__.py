"""What demo and replay share: a process of their own on an injected clock, set up over REST, followed on its bus."""
