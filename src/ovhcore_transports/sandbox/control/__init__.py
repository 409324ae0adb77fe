"""What tests and people steer a sandbox with: settings, time, a log, snapshots, files, and an admin path."""
