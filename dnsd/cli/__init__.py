"""The command line: one sub-command, one file."""
