/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sizes and times as people write them: one syntax for the command line, ballastd.conf, scenarios
 * and top. Texts that these print can be read again (tests/unit/quantities.tsv has both).
 */
#ifndef CORE_BASE_QUANTITY_H
#define CORE_BASE_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

#include <ballast/error.h>

/*
 * A number with up to six decimals, and after an optional blank its unit, in either case: K M G T
 * or KiB MiB GiB TiB (powers of 1024), KB MB GB TB (powers of 1000, as in libvirt), b (bytes).
 * Without a unit it is MiB, as in xl. Rounded down to KiB. -EINVAL with an example; -EOVERFLOW for
 * UINT64_MAX KiB and more, which stands for "unset".
 */
int ballast_size_parse(const char *text, uint64_t *out_kib, struct ballast_error *err);

/*
 * The same, or a part of `whole_kib` such as 25% or 12.5%, up to 100 %. `whole` names it in the
 * error, as in "the static maximum". BALLAST_NONE KiB is a whole that is not known: -ENODATA for a
 * part of it.
 */
int ballast_size_parse_of(const char *text, uint64_t whole_kib, const char *whole,
                          uint64_t *out_kib, struct ballast_error *err);

/* 100 %, in millionths of a percent. */
#define BALLAST_WHOLE UINT64_C(100000000)

/* "25%", "12.5 %", from 0% to 100%, in millionths of a percent. -EINVAL. */
int ballast_part_parse(const char *text, uint64_t *out_part, struct ballast_error *err);
/* That part of a whole, rounded down. */
uint64_t ballast_part_of(uint64_t part, uint64_t whole_kib);
/* Whether it is a part, as 25%: nothing else is checked. */
bool ballast_size_is_part(const char *text);

/*
 * 90, 90s, 1.5s, 500ms, 10min, 10m, 1h30m, 7d, 4w: parts from the largest unit to the smallest,
 * each with an optional blank before its unit and before the next part. Without a unit it is
 * seconds. -EINVAL, also for more than ten years.
 */
int ballast_time_parse(const char *text, uint64_t *out_usec, struct ballast_error *err);

#endif
