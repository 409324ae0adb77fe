"""What HTTP transports share: the strict reader, bodies, deadlines, failures, proxies, TLS, pools."""
