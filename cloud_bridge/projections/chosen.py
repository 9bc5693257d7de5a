"""The projections that the settings ask for; each brings its library only when it is asked for.

The watch, and the roots of each day's telemetry, follow every store of a running bridge.
"""

from __future__ import annotations

from cloud_bridge.errors import BridgeError
from cloud_bridge.keeping.days import Days
from cloud_bridge.projections.contract import Projection
from cloud_bridge.right_of_way import GiveWay, go_on
from cloud_bridge.settings import BridgeSettings, LakeSettings, PlatformSettings
from cloud_bridge.store import Store
from cloud_bridge.watch import Watch
from packtrail.language import Text
from packtrail.settings import secret
from packtrail.signing import SigningKey


def chosen(
    settings: BridgeSettings,
    key: SigningKey,
    store: Store | None = None,
    give_way: GiveWay = go_on,
) -> list[Projection]:
    """Every projection of the settings; those that write to the ledger only where there is one.

    Args:
        settings: the whole file.
        key: the bridge's.
        store: where statements go.
        give_way: called after a piece of long work, with its seconds.

    Raises:
        PacktrailError: a secret is not set, or a library is not installed.
    """
    found: list[Projection] = []
    if settings.influx:
        from cloud_bridge.projections.influx import Influx  # noqa: PLC0415 - only where asked for

        found.append(Influx(settings.influx))
    if settings.lake:
        found.append(_lake(settings.lake))
    if settings.hook:
        from cloud_bridge.projections.hooks import Hook  # noqa: PLC0415 - see above

        found += [Hook(hook, key) for hook in settings.hook]
    if store is not None:
        found += [_reports(one, settings, key, store) for one in settings.platform]
        origin, grace_s = settings.ledger.origin, settings.ledger.grace_s
        found.append(Watch(store, key, origin, grace_s, give_way=give_way))
        found.append(Days(store, key, origin))
    return found


def _reports(
    one: PlatformSettings, settings: BridgeSettings, key: SigningKey, store: Store
) -> Projection:
    from cloud_bridge.reporting import HttpPlatform, PlatformReports  # noqa: PLC0415 - see above

    token = secret(one.token_env) if one.token_env else ""
    platform = HttpPlatform(one.name, one.url, token, one.timeout_s)
    return PlatformReports(platform, store, key, settings.ledger.origin, one.parties)


def find(settings: BridgeSettings, key: SigningKey, name: str) -> Projection:
    """One of them by name.

    Raises:
        BridgeError: the settings ask for no such projection.
    """
    projections = {projection.name: projection for projection in chosen(settings, key)}
    if name in projections:
        return projections[name]
    there = ", ".join(projections) or "-"
    raise BridgeError(
        Text("no such projection", "没有这个投影"),
        where=name,
        hint=Text(f"the settings have: {there}", f"配置中有：{there}"),
    )


def _lake(settings: LakeSettings) -> Projection:
    try:
        from cloud_bridge.projections.lake import Lake  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise BridgeError(
            Text("Parquet needs pyarrow", "写 Parquet 需要 pyarrow"),
            where="lake",
            hint=Text("pip install 'packtrail[fleet]'", "pip install 'packtrail[fleet]'"),
        ) from error
    return Lake(settings.path, keep_days=settings.keep_days)
