"""What is killed, and when it comes back: python -m tests.faults for the long form, pytest for the short one."""
