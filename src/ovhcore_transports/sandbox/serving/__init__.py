"""The sandbox for others on this machine: who may ask, what there is besides the API, certificates."""
