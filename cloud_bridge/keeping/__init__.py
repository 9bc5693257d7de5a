"""Keeping the one truth: a backup of the whole store, its restoration, its verification.

A store enters, a file leaves, and the other way round. What can go wrong shows: a damaged backup
is refused before a row is written, a changed store is told place by place.
"""
