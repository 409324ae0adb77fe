"""The commands of a store: limits, and records of claims and tokens. Each command is a function of a state.

The same commands stand twice: in Python, for files, and as a script, for servers that run Lua.
"""
