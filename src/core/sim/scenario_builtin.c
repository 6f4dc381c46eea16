/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/sim/scenario_builtin.h"

/* The host of a small office, full: less is free than any of its guests has. */
const char scenario_builtin[] =
    "says \"A host of 32 GiB with a dozen guests, most of which have more than they need.\"\n"
    "host total=32GiB xen=256MiB slack=64MiB\n"
    "guest dom0 dom0 tot=2GiB min=1536MiB max=2GiB uses=1200MiB\n"
    "guest mail tot=4GiB min=2GiB max=4GiB uses=2500MiB overhead=14MiB"
    " type=hvm video=16MiB pool=12MiB\n"
    "guest database tot=6GiB min=4GiB max=8GiB uses=5GiB overhead=20MiB shares=2000"
    " type=pvh pool=19MiB\n"
    "guest web tot=2GiB min=1GiB max=3GiB uses=1200MiB overhead=9MiB type=pvh pool=8MiB\n"
    "guest shop tot=3GiB min=1GiB max=4GiB uses=1500MiB overhead=12MiB type=pvh pool=11MiB\n"
    "guest cache tot=3GiB min=1GiB max=4GiB uses=1800MiB overhead=12MiB type=pvh pool=11MiB\n"
    "guest build tot=4GiB min=1GiB max=6GiB uses=square:1GiB..2500MiB,120s/60s overhead=18MiB"
    " type=hvm video=16MiB pool=16MiB\n"
    "guest office tot=2GiB min=1GiB max=2GiB uses=1100MiB overhead=9MiB"
    " type=hvm video=16MiB pool=7MiB\n"
    "guest desktop tot=2GiB min=1GiB max=2GiB uses=1300MiB overhead=25MiB reclaim-rate=60MiB/s"
    " type=hvm video=64MiB pool=23MiB\n"
    "guest dns tot=512MiB min=256MiB max=512MiB uses=200MiB overhead=6MiB type=pv\n"
    "guest proxy tot=512MiB min=256MiB max=1GiB uses=300MiB overhead=6MiB type=pv\n"
    "guest storage tot=1GiB min=1GiB max=1GiB uses=700MiB overhead=6MiB type=pvh pool=5MiB\n"
    "guest legacy tot=1GiB min=1GiB max=1GiB no-balloon overhead=6MiB type=pv\n"
    "duration 24h\n";
