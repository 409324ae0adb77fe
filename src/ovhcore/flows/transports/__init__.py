"""Where flows and transports meet: the drivers, and what they ask of a transport."""
