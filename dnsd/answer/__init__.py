"""From question to answer, bytes to bytes: no await, clock, chance, log or metric."""
