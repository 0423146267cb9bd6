"""The words of waking people, pure: alert, run, schedule, policy, responder, message. No I/O, no framework."""
