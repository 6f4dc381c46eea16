/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ledger, balancer and guests, in pages. README.md says what each part stands for in the code, and
 * which laws are checked. Everything that the rules leave open is left open here: guests and starts
 * do whatever they can at any time, and the balancer may decide whatever its rule allows, so that
 * what holds here holds for every policy.
 *
 * Switches that break one rule each: TAKE_BEFORE_FREE, NO_PROMISES, NO_SECOND_LOOK, TORN_SNAPSHOT,
 * REPLY_FIRST, COUNT_TWICE, FORGET_REBOOT. spin must find a violation in each of them. TARGETS tells targets from maxima.
 */
#ifndef PAGES
#define PAGES 6
#endif
#define SLACK 1
#ifndef TOP
#define TOP 3 /* no guest's maximum goes beyond: its static maximum */
#endif

/* What Xen has: it outlives everybody. */
byte free = PAGES - 3;
byte held[3];
byte max[3];    /* Xen refuses a page beyond it, and nothing else does */
#ifdef TARGETS
byte target[3]; /* what the guest is told; nothing keeps it there */
#else
#define target max /* the worst that a target may be */
#endif

/* What the ledger has: it outlives the balancer. */
#define IDLE    0 /* no reservation, or one that is used, released or refused */
#define REQUESTED   1 /* or reclaiming */
#define GRANTED 2
#define BOUND   3
byte state[2];
byte used[2]; /* as far as the ledger has been told */
bool kept[2]; /* bound to a domain that goes, for the one that comes after it */

/* What starts have. */
#define NEED(r) (1 + (r)) /* pages */
bool told[2];  /* the toolstack has been told that the memory is its own */
bool alive[2]; /* its domain exists */
byte taken[2]; /* pages it has got of what it was promised */

#define OVER(a, b) ((a) > (b) -> (a) - (b) : 0)

/*
 * What is promised and not taken, as it truly is: by the ledger's word or by the toolstack's. To a
 * domain that is dead nothing is owed, even while the ledger has yet to hear of it.
 */
#define CLAIMS(r) (told[r] || state[r] == GRANTED || (state[r] == BOUND && (alive[r] || kept[r])))
#define OWED(r)   (CLAIMS(r) && taken[r] < NEED(r) -> NEED(r) - taken[r] : 0)
/*
 * The same as it is counted: by the ledger, and by what a snapshot shows of the domain that it is for,
 * whether that is bound yet or not.
 */
#ifdef COUNT_TWICE
#define SEEN(r) used[r]
#elif defined(FORGET_REBOOT)
#define SEEN(r) (alive[r] && taken[r] > used[r] -> taken[r] : used[r])
#else
#define SEEN(r) (kept[r] || (alive[r] && taken[r] > used[r]) -> taken[r] : used[r])
#endif
#define COUNTED(r) (state[r] >= GRANTED -> NEED(r) - SEEN(r) : 0)
/* A page of a start is not promised and taken both. */
#define ONCE(r)    (state[r] < GRANTED || !(alive[r] || kept[r]) || COUNTED(r) + taken[r] == NEED(r))
#define ROOMS      (OVER(max[0], held[0]) + OVER(max[1], held[1]) + OVER(max[2], held[2]))
#define GROWTH     (OVER(target[0], held[0]) + OVER(target[1], held[1]) + OVER(target[2], held[2]))

#define COUNTS_ONCE (ONCE(0) && ONCE(1))
#define LAW_2 (free >= SLACK + OWED(0) + OWED(1))
#define LAW_4 (free >= SLACK + OWED(0) + OWED(1) + GROWTH)
#define LAW_1 (free + held[0] + held[1] + held[2] + taken[0] + taken[1] == PAGES)

inline laws()
{
    assert(LAW_1); /* law 1: conservation */
    assert(LAW_2); /* law 2: no page is promised twice */
    assert(COUNTS_ONCE); /* law 2: a start counts once */
    assert(LAW_4)  /* law 4: free before take */
}

/* A guest: takes what Xen lets it take, gives what it likes, whatever its target is. */
proctype guest(byte g)
{
    do
    :: atomic { held[g] < max[g] && free > 0 -> held[g]++; free--; laws() }
    :: atomic { held[g] > 0 -> held[g]--; free++; laws() }
    od
}

/* A start: asks, is told, builds its domain, which dies at any time; and what the ledger hears. */
proctype start(byte r)
{
    do
    :: atomic { state[r] == IDLE && !told[r] && !alive[r] -> state[r] = REQUESTED }
    :: atomic { state[r] == REQUESTED -> state[r] = IDLE; laws() }
    :: atomic { told[r] && !alive[r] -> alive[r] = true }
    :: atomic { told[r] && alive[r] && taken[r] < NEED(r) ->
                assert(free > 0); /* a build finds what it was promised */
                taken[r]++; free--; laws() }
    :: atomic { alive[r] -> /* it dies, or is destroyed */
                free = free + taken[r]; taken[r] = 0; alive[r] = false; told[r] = false; laws() }
    /* The reply was lost in a crash: it asks what became of it. */
    :: atomic { state[r] == GRANTED && !told[r] && !alive[r] -> told[r] = true; laws() }
    /* Its owner, a login or its lease ends it. */
    :: atomic { state[r] == GRANTED && !alive[r] -> state[r] = IDLE; told[r] = false; laws() }
    :: atomic { state[r] == GRANTED && alive[r] -> state[r] = BOUND; used[r] = 0; laws() }
    :: atomic { state[r] == BOUND && alive[r] && !kept[r] && used[r] < taken[r] -> used[r] = taken[r]; laws() }
    :: atomic { state[r] == BOUND && alive[r] && !kept[r] && taken[r] == NEED(r) ->
                state[r] = IDLE; used[r] = 0; told[r] = false; laws() }
    :: atomic { state[r] == BOUND && !alive[r] && !kept[r] -> state[r] = IDLE; used[r] = 0; laws() }
    /* It shuts down to reboot; once its domain is gone its memory waits for the next one. */
    :: atomic { state[r] == IDLE && alive[r] && taken[r] == NEED(r) ->
                state[r] = BOUND; kept[r] = true; used[r] = NEED(r); laws() }
    :: atomic { kept[r] && !alive[r] -> state[r] = GRANTED; kept[r] = false; used[r] = 0; laws() }
    /* Its owner gives it back all the same. */
    :: atomic { kept[r] -> state[r] = IDLE; kept[r] = false; used[r] = 0; laws() }
    od
}

#define PROMISED (COUNTED(0) + COUNTED(1))

#ifdef NO_PROMISES
#define FITS(r) (available + PROMISED >= NEED(r))
#else
#define FITS(r) (available >= NEED(r))
#endif

#ifdef TAKE_BEFORE_FREE
/* Counts what guests have been told to give as if they had. */
#define COMING (OVER(held[0], target[0]) + OVER(held[1], target[1]) + OVER(held[2], target[2]))
#else
#define COMING 0
#endif

/* What is free, nobody's, and out of the reach of every maximum: what may be given away. */
#define AVAILABLE (free + COMING - SLACK - PROMISED - ROOMS)

proctype balancer()
{
    short available;
    byte g;
    byte r;
#if defined(NO_SECOND_LOOK) || defined(TORN_SNAPSHOT)
    byte seen[3];
#endif

restart: /* also after a crash: all that it knew is lost */
    atomic {
        available = 0; g = 0; r = 0;
#if defined(NO_SECOND_LOOK) || defined(TORN_SNAPSHOT)
        seen[0] = held[0]; seen[1] = held[1]; seen[2] = held[2];
#endif
#ifdef NO_SECOND_LOOK
        available = AVAILABLE;
#endif
    }

    /* Take: targets and maxima come down, one hypercall after the other. */
    do
    :: goto restart
    :: break
    :: atomic {
           select (g : 0 .. 2);
           if
#ifdef TARGETS
           :: target[g] > 0 -> target[g]--
           :: max[g] > target[g] ->
#else
           :: max[g] > 0 ->
#endif
#ifdef NO_SECOND_LOOK
               available = available + (max[g] > seen[g] -> 1 : 0);
#endif
               max[g]--
           :: else
           fi;
           g = 0; laws()
       }
    od;

    /* Look again. */
#ifdef TORN_SNAPSHOT
    available = free - SLACK - PROMISED;
    seen[0] = held[0];
    seen[1] = held[1];
    seen[2] = held[2];
    available = available - OVER(max[0], seen[0]) - OVER(max[1], seen[1]) - OVER(max[2], seen[2]);
#elif !defined(NO_SECOND_LOOK)
    available = AVAILABLE;
#endif

    /* Grant and give, out of that and nothing else. */
    do
    :: goto restart
    :: atomic {
           select (r : 0 .. 1);
           if
           :: state[r] == REQUESTED && FITS(r) ->
               available = available - NEED(r);
#ifdef REPLY_FIRST
               told[r] = true
           :: else -> goto restart
           fi;
           laws()
       };
       if
       :: goto restart
       :: atomic { if :: state[r] == REQUESTED -> state[r] = GRANTED :: else fi; laws() }
       fi;
#else
               state[r] = GRANTED
           :: else -> goto restart
           fi;
           laws()
       };
       if
       :: goto restart
       :: atomic { if :: state[r] == GRANTED -> told[r] = true :: else fi; laws() }
       fi;
#endif
       r = 0
    :: atomic {
           available > 0 ->
           select (g : 0 .. 2);
           if
           :: max[g] < TOP -> max[g]++; available--
           :: else
           fi;
           g = 0; laws()
       }
#ifdef TARGETS
    :: atomic {
           select (g : 0 .. 2);
           if
           :: target[g] < max[g] -> target[g]++
           :: else
           fi;
           g = 0; laws()
       }
#endif
    od
}

init {
    atomic {
        held[0] = 1; held[1] = 1; held[2] = 1;
        max[0] = 1; max[1] = 1; max[2] = 1;
        target[0] = 1; target[1] = 1; target[2] = 1;
        laws();
        run guest(0); run guest(1); run guest(2);
        run start(0); run start(1);
        run balancer()
    }
}
