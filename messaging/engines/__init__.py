"""What drives the jobs: ticks in the one process; workers on several machines come later, with the same jobs."""
