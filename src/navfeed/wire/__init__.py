"""Bytes to model: the only place that knows NAV's field names.

The shapes are NAV's (navikt.github.io/pam-stilling-feed and the server's public source,
navikt/pam-stilling-feed). Anything else raises `ContractError`, which describes what came instead.
"""
