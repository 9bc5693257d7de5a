"""People who log in: by a password kept on this machine, or at an OpenID Connect provider.

A login is a random secret in a cookie and its SHA-256 in the store, so that every bridge on one
store knows it and a backup gives nobody a way in. What somebody may see the access table says.
"""
