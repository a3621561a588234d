"""Find the repository that a subject, or an address, belongs to."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.deindex.hubs import DEFAULT_HUB, Hub, Repository, hub_of_host, web_address
from auditor.errors import SealError
from auditor.known.urls import split_canonical_url
from auditor.model import Ref
from auditor.printable import printable


def resolve_repository(ref: Ref, hubs: Mapping[str, Hub], hub: str = DEFAULT_HUB) -> Repository:
    """Return the repository of a subject: ``ORG/NAME`` at a hub, or an address at any hub.

    Args:
        ref: The subject.
        hubs: The hubs by id.
        hub: The hub of a name that has no host.

    Raises:
        SealError: The name is not possible there, so no pattern can be made of it.
    """
    written = web_address(ref.name, hubs)
    name = written.removeprefix("hf://").removeprefix(f"{ref.kind}s/").partition("@")[0]
    if ("://" in written and not written.startswith("hf://")) or hub_of_host(written, hubs) is not None:
        found = repository_from_url(written, hubs)
        if found is not None and found.kind == ref.kind:
            return found
        if hub_of_host(split_canonical_url(written)[0], hubs) is None:
            known = ", ".join(sorted(each.title for each in hubs.values()))
            raise SealError(
                f"{ref.kind} {printable(ref.name)}: is at no hub whose addresses are known ({known}); add its hub to "
                "hubs.toml in a folder of --rules"
            )
    elif hub not in hubs:
        raise SealError(f"{printable(hub)}: is not a hub of hubs.toml; there are {', '.join(hubs)}")
    elif ref.kind in hubs[hub].paths and hubs[hub].allows_name(name):
        return Repository(hub, ref.kind, name)
    raise SealError(
        f"{ref.kind} {printable(ref.name)}: is not a valid repository name at {hubs[hub].title}, so it has no address; "
        "write OWNER/NAME, or the address at another hub"
    )


def repository_from_url(url: str, hubs: Mapping[str, Hub]) -> Repository | None:
    """Return the repository that an address belongs to; None for an owner's page, a host, or an unknown hub."""
    host, path = split_canonical_url(url)
    hub = hub_of_host(host, hubs)
    return hub.repository_at_path(path) if hub else None
