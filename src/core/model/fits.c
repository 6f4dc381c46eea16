/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model/fits.h"

#include "core/base/units.h"

static const char *const words[BALLAST_FIT_ANSWERS] = {
    [BALLAST_FITS] = "fits",
    [BALLAST_FITS_IF_RECLAIMED] = "fits-if-reclaimed",
    [BALLAST_FITS_NOT] = "does-not-fit",
};

const char *ballast_fit_name(enum ballast_fit fit)
{
    return (unsigned)fit < BALLAST_FIT_ANSWERS ? words[fit] : NULL;
}

void ballast_fits_begin(struct ballast_fits *fits, const struct ballast_host *host,
                        uint64_t *reclaimed_kib)
{
    uint64_t untaken_kib = 0;
    for (size_t i = 0; i < host->domain_count; i++) {
        untaken_kib = ballast_add_ceil(untaken_kib, ballast_domain_untaken_kib(&host->domains[i]));
        reclaimed_kib[i] = 0;
    }
    fits->host = host;
    fits->available_kib = ballast_host_at_once_kib(host, 0, untaken_kib);
    fits->reclaimed_kib = reclaimed_kib;
}

static uint64_t spare_pages(const struct ballast_fits *fits, size_t i)
{
    uint64_t spare_kib = ballast_domain_spare_kib(&fits->host->domains[i]);
    return ballast_sub_floor(spare_kib, fits->reclaimed_kib[i]) / BALLAST_PAGE_KIB;
}

/*
 * Cannot overflow: no domain can spare more than its current memory, and a checked host has them
 * all.
 */
static uint64_t all_spare_pages(const struct ballast_fits *fits)
{
    uint64_t pages = 0;
    for (size_t i = 0; i < fits->host->domain_count; i++)
        pages += spare_pages(fits, i);
    return pages;
}

/*
 * The part of each domain, rounded down. The remaining pages are fewer than the donors, and each
 * donor has a page left, unless all of what they can spare is needed; then none remain.
 */
static void collect_from_donors(struct ballast_fits *fits, uint64_t pages, uint64_t all_pages,
                                uint64_t *reclaim_kib)
{
    size_t count = fits->host->domain_count;
    uint64_t left = pages;
    for (size_t i = 0; i < count; i++) {
        uint64_t part = ballast_mul_div(pages, spare_pages(fits, i), all_pages);
        reclaim_kib[i] = part * BALLAST_PAGE_KIB;
        left -= part;
    }
    for (size_t i = 0; i < count; i++) {
        if (left > 0 && spare_pages(fits, i) * BALLAST_PAGE_KIB > reclaim_kib[i]) {
            reclaim_kib[i] += BALLAST_PAGE_KIB;
            left--;
        }
        fits->reclaimed_kib[i] += reclaim_kib[i];
    }
}

void ballast_fits_check(struct ballast_fits *fits, uint64_t need_kib,
                        struct ballast_fits_verdict *verdict, uint64_t *reclaim_kib)
{
    uint64_t all_pages = all_spare_pages(fits);
    uint64_t short_kib = ballast_sub_floor(need_kib, fits->available_kib);
    uint64_t short_pages = ballast_div_up(short_kib, BALLAST_PAGE_KIB);
    for (size_t i = 0; i < fits->host->domain_count; i++)
        reclaim_kib[i] = 0;
    *verdict = (struct ballast_fits_verdict){
        .fit = BALLAST_FITS,
        .need_kib = need_kib,
        .available_kib = fits->available_kib,
        .spare_kib = all_pages * BALLAST_PAGE_KIB,
    };
    if (short_pages > all_pages) {
        verdict->fit = BALLAST_FITS_NOT;
        verdict->missing_kib = short_kib - verdict->spare_kib;
        return;
    }
    if (short_pages > 0) {
        verdict->fit = BALLAST_FITS_IF_RECLAIMED;
        verdict->missing_kib = short_pages * BALLAST_PAGE_KIB;
        collect_from_donors(fits, short_pages, all_pages, reclaim_kib);
    }
    fits->available_kib = fits->available_kib + verdict->missing_kib - need_kib;
}
