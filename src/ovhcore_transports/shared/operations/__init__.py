"""What a store carries out: limits, and records of claims and tokens. Each operation is a function of a state.

The same operations stand twice: in Python, for files, and as a script, for servers that run Lua.
"""
