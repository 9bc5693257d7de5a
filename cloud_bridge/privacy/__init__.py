"""Personal data: sealed where they come in, opened for whoever may see them, forgotten on request.

Facts commit to vehicles and owners (`packtrail.personal`). The bridge joins the commitments of one
vehicle under a random name, its subject, and keeps each opening under a key of that subject alone.
"""
