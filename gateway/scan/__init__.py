"""The repair shop's one command: plug in, read, and a report that can be printed.

A live bus or a recording enters, a summary and a page leave; nothing is sent anywhere, and
nothing is written to the bus.
"""
