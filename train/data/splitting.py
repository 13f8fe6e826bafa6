"""Splits of our own, where a data set publishes none: the same for ever, on every machine."""

import hashlib
import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SELECTION_SHARE = 0.1


def parts(
    strata: NDArray[np.int64], keys: Sequence[object], shares: Sequence[float]
) -> NDArray[np.int64]:
    """(N,) part of each of N items: 1, 2, ... hold these `shares` of every stratum, 0 holds the rest.

    `keys` tell the items apart: their hashes decide, because random generators change between
    versions of their library. Where a stratum has enough items, each part gets at least one.
    """
    drawn = [hashlib.sha256(os.fsencode(f"fer-live {key}")).digest()[:8] for key in keys]
    order = np.argsort(np.frombuffer(b"".join(drawn), ">u8"), kind="stable")
    found = np.zeros(len(strata), np.int64)
    for stratum in np.unique(strata):
        members, start = order[strata[order] == stratum], 0
        if len(members) <= len(shares):
            continue
        for number, share in enumerate(shares, start=1):
            count = max(round(share * len(members)), 1)
            found[members[start : start + count]] = number
            start += count
    return found
