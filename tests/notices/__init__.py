"""The outbox against real receivers on this machine: nothing lost, nothing sent where it must not go."""
