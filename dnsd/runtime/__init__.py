"""What a process needs to live: clock, tasks, log, metrics, the service manager's protocol, supervision of children."""
