"""Types for calls: a generated module beside a program, whose clients have the types of the program's calls.

``ovhcore types --scan src/`` writes the module; so does ``python -m ovhcore.schema.stubs``, with the same options.
Neither ``import ovhcore`` nor a program that uses the module imports this package.
"""
