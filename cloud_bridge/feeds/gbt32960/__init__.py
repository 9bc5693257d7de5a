"""GB/T 32960.3 from other platforms: vehicles' logins and reports, editions 2016 and 2025.

A vehicle platform logs in and passes on what vehicles tell it. Reports become telemetry of the
pack that the vehicle's login names, logins become moves of packs, alarms become incidents. All of
it is sealed under the platform's own key of the bridge and goes through the same judge and the
same transaction as a gateway's records; the platform hears "success" after the commit.
"""
