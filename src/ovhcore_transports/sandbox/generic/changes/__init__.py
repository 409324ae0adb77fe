"""What calls change: objects that are made, changed and deleted, lists of values, actions and their tasks."""
