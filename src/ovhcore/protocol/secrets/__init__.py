"""The rules that decide in one place what is secret: by its name, by its form, by its value."""
