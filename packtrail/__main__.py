"""`python -m packtrail` is the `packtrail` command."""

from packtrail.command import main

main()
