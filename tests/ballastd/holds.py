# SPDX-License-Identifier: LGPL-2.1-or-later
"""Invariants of a daemon that has restarted."""


def everything(client):
    """All reservations that it keeps; none may occur twice."""
    records, after = [], 0
    while True:
        page = client.call("reservations", after=after, most=500)
        records += page["reservations"]
        if not page["more"]:
            break
        after = records[-1]["id"]
    assert len({record["id"] for record in records}) == len(records), "an id occurs twice"
    return records


def laws_hold(daemon, client):
    """It was started with --check-laws: each tick was held against every law."""
    status = client.call("status")
    assert status["law_breaches"] == 0 and status["ledger"]["writable"], daemon.log()[-3000:]
    assert client.call("host")["overcounted_kib"] == 0
