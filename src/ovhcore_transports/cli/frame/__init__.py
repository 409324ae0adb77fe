"""What all commands have in common: options, clients, what is told of errors."""
