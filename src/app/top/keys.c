/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/top/state.h"
#include "core/base/quantity.h"
#include "core/base/text.h"
#include "core/base/units.h"
#include "edge/term/term.h"

enum { CONTROL_L = 12 };

void top_say(struct top_state *state, bool is_bad, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(state->message, sizeof(state->message), format, arguments);
    va_end(arguments);
    state->is_bad = is_bad;
}

void top_size(uint64_t kib, char out[TOP_SIZE])
{
    unsigned hundredths = (unsigned)(kib % BALLAST_MIB_KIB * 100 / BALLAST_MIB_KIB);
    if (kib == BALLAST_NONE)
        (void)snprintf(out, TOP_SIZE, "-");
    else if (kib % BALLAST_MIB_KIB == 0)
        (void)snprintf(out, TOP_SIZE, "%" PRIu64 " MiB", kib / BALLAST_MIB_KIB);
    else
        (void)snprintf(out, TOP_SIZE, "%" PRIu64 ".%02u MiB", kib / BALLAST_MIB_KIB, hundredths);
}

/* One size, or the two of a range. */
static void add_key_sizes(struct ballast_text *text, const uint64_t kib[2], size_t count)
{
    char size[TOP_SIZE];
    for (size_t i = 0; i < count; i++) {
        top_size(kib[i], size);
        ballast_text_add(text, "%s%s", i > 0 ? " to " : "", size);
    }
}

size_t top_change_text(const struct top_state *state, bool done, char *buf, size_t size)
{
    static const char *const whats[] = {"target", "range", "balancing", "balancing"};
    const struct top_change *change = &state->change;
    const struct top_guest *guest = top_changed(state);
    struct ballast_text text = ballast_text_over(buf, size);
    ballast_text_add(&text, "%s of ", whats[change->what]);
    if (change->all)
        ballast_text_add(&text, "the host: ");
    else
        ballast_text_add(&text, "%s (%" PRIu32 "): ", change->name, change->id);
    bool is_range = change->what == TOP_SET_RANGE;
    uint64_t after_kib[2] = {is_range ? change->minimum_kib : change->target_kib,
                             change->maximum_kib};
    if (change->what == TOP_PAUSE || change->what == TOP_RESUME) {
        bool pause = change->what == TOP_PAUSE;
        if (!done)
            ballast_text_add(&text, "%s -> ", pause ? "on" : "paused");
        ballast_text_add(&text, "%s", pause ? "paused" : "on");
    } else if (done) {
        add_key_sizes(&text, after_kib, 1 + is_range);
    } else {
        uint64_t before_kib[2] = {guest ? guest->target_kib : BALLAST_NONE, BALLAST_NONE};
        if (is_range && guest) {
            before_kib[0] = guest->dynamic_min_kib;
            before_kib[1] = guest->dynamic_max_kib;
        }
        add_key_sizes(&text, before_kib, 1 + is_range);
        ballast_text_add(&text, " -> ");
        add_key_sizes(&text, after_kib, 1 + is_range);
    }
    return text.length;
}

static void move_selection(struct top_state *state, size_t to)
{
    if (state->count == 0)
        return;
    state->selected = to < state->count ? to : state->count - 1;
    state->selected_id = state->host.guests[state->shown[state->selected]].id;
    state->scrolled = 0;
}

/* Whether the key moves something; the list, or the text that is in front of it. */
static bool key_moves(struct top_state *state, uint32_t key)
{
    size_t page = state->page > 1 ? state->page - 1 : 1;
    size_t *at = state->mode == TOP_LIST ? &state->selected : &state->scrolled;
    size_t to = *at;
    if (key == TERM_KEY_UP || key == 'k')
        to = to > 0 ? to - 1 : 0;
    else if (key == TERM_KEY_DOWN || key == 'j')
        to++;
    else if (key == TERM_KEY_PAGE_UP)
        to = to > page ? to - page : 0;
    else if (key == TERM_KEY_PAGE_DOWN || key == ' ')
        to += page;
    else if (key == TERM_KEY_HOME || key == 'g')
        to = 0;
    else if (key == TERM_KEY_END || key == 'G')
        to = SIZE_MAX / 2;
    else
        return false;
    if (state->mode == TOP_LIST)
        move_selection(state, to);
    else
        state->scrolled = to;
    return true;
}

static void enter_mode(struct top_state *state, enum top_mode mode)
{
    if (state->mode == TOP_LIST || state->mode == TOP_GUEST)
        state->below = state->mode;
    state->mode = mode;
    state->scrolled = 0;
    state->input[0] = '\0';
}

/* Begins a change of the guest that is selected, or of all. */
static bool begin_change(struct top_state *state, enum top_what what, bool all)
{
    const struct top_guest *guest = top_selected(state);
    if (!state->can_change) {
        top_say(state, true, "there is no daemon: use 'ballast set-target', which needs none");
        return false;
    }
    if (!all && !guest) {
        top_say(state, true, "no guest is selected: select one with Up or Down");
        return false;
    }
    state->change = (struct top_change){.what = what,
                                        .all = all,
                                        .target_kib = BALLAST_NONE,
                                        .minimum_kib = BALLAST_NONE,
                                        .maximum_kib = BALLAST_NONE};
    if (!all) {
        state->change.id = guest->id;
        memcpy(state->change.uuid, guest->uuid, sizeof(guest->uuid));
        memcpy(state->change.name, guest->name, sizeof(guest->name));
    }
    return true;
}

static void toggle_key(struct top_state *state, bool all)
{
    const struct top_guest *guest = top_selected(state);
    bool paused = all ? state->host.paused : guest && guest->paused;
    if (!begin_change(state, paused ? TOP_RESUME : TOP_PAUSE, all))
        return;
    if (!all && paused && state->host.paused)
        top_say(state, true, "all balancing is paused: P resumes it");
    else
        enter_mode(state, TOP_CONFIRM);
}

/* A part is of its static maximum. */
static int parse_size(const struct top_state *state, const char *text, uint64_t *out_kib,
                      struct ballast_error *err)
{
    const struct top_guest *guest = top_changed(state);
    uint64_t most_kib = guest ? guest->static_max_kib : BALLAST_NONE;
    /* dom0's may be without a limit. */
    if (most_kib != BALLAST_NONE)
        most_kib = ballast_min_u64(most_kib, state->host.total_kib);
    return ballast_size_parse_of(text, most_kib, "its static maximum", out_kib, err);
}

/* SIZE, +SIZE or -SIZE. */
static int parse_target(struct top_state *state, struct ballast_error *err)
{
    const struct top_guest *guest = top_changed(state);
    uint64_t before_kib = guest && guest->target_kib != BALLAST_NONE ? guest->target_kib : 0;
    char sign = state->input[0];
    bool relative = sign == '+' || sign == '-';
    uint64_t kib;
    int rc = parse_size(state, state->input + (relative ? 1 : 0), &kib, err);
    if (rc < 0)
        return rc;
    state->change.target_kib = sign == '+'   ? ballast_add_ceil(before_kib, kib)
                               : sign == '-' ? ballast_sub_floor(before_kib, kib)
                                             : kib;
    return 0;
}

/* "MIN MAX" or "MIN-MAX". */
static int parse_range(struct top_state *state, struct ballast_error *err)
{
    char words[TOP_INPUT];
    (void)snprintf(words, sizeof(words), "%s", state->input);
    char *minimum = words + strspn(words, " ");
    char *maximum = minimum + strcspn(minimum, " -");
    if (*maximum)
        *maximum++ = '\0';
    maximum += strspn(maximum, " -");
    maximum[strcspn(maximum, " ")] = '\0';
    int rc = parse_size(state, minimum, &state->change.minimum_kib, err);
    return rc < 0 ? rc : parse_size(state, maximum, &state->change.maximum_kib, err);
}

static void finish_input(struct top_state *state)
{
    struct ballast_error err;
    int rc = 0;
    if (state->mode == TOP_ASK_TARGET)
        rc = parse_target(state, &err);
    else if (state->mode == TOP_ASK_RANGE)
        rc = parse_range(state, &err);
    if (rc < 0)
        top_say(state, true, "%s", err.text);
    else
        state->mode = state->mode == TOP_FILTER ? state->below : TOP_CONFIRM;
}

static void encode_utf8(uint32_t code, char out[5])
{
    memset(out, 0, 5);
    if (code < 0x80) {
        out[0] = (char)code;
        return;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};
    for (int i = more; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(first[more] | code);
}

static void type_key(char *input, uint32_t key)
{
    char bytes[5];
    size_t length = strlen(input);
    if (key == TERM_KEY_BACKSPACE) {
        while (length > 0 && ((unsigned char)input[length - 1] & 0xc0) == 0x80)
            length--;
        input[length > 0 ? length - 1 : 0] = '\0';
        return;
    }
    if (key >= TERM_KEY_NONE)
        return;
    encode_utf8(key, bytes);
    if (ballast_text_character(bytes) > 0 && length + strlen(bytes) < TOP_INPUT)
        memcpy(input + length, bytes, strlen(bytes) + 1);
}

static enum top_does input_key(struct top_state *state, uint32_t key)
{
    bool filters = state->mode == TOP_FILTER;
    if (key == TERM_KEY_ESCAPE) {
        state->mode = state->below;
        if (filters)
            state->filter[0] = '\0';
    } else if (key == TERM_KEY_ENTER) {
        finish_input(state);
    } else {
        type_key(filters ? state->filter : state->input, key);
    }
    return TOP_DOES_NOTHING;
}

static enum top_does confirm_key(struct top_state *state, uint32_t key)
{
    state->mode = state->below;
    if (key != 'y') {
        top_say(state, false, "nothing was changed");
        return TOP_DOES_NOTHING;
    }
    if (!state->change.all && !top_changed(state)) {
        top_say(state, true, "%s (%" PRIu32 ") is gone; nothing was changed", state->change.name,
                state->change.id);
        return TOP_DOES_NOTHING;
    }
    return TOP_DOES_CHANGE;
}

static void command_key(struct top_state *state, uint32_t key)
{
    switch (key) {
    case '?':
    case 'h':
        enter_mode(state, TOP_HELP);
        break;
    case '/':
        enter_mode(state, TOP_FILTER);
        break;
    case 's':
        state->sort = (enum top_sort)((state->sort + 1) % TOP_SORTS);
        break;
    case 'S':
        state->reversed = !state->reversed;
        break;
    case 't':
        if (begin_change(state, TOP_SET_TARGET, false))
            enter_mode(state, TOP_ASK_TARGET);
        break;
    case 'r':
        if (begin_change(state, TOP_SET_RANGE, false))
            enter_mode(state, TOP_ASK_RANGE);
        break;
    case 'p':
    case 'P':
        toggle_key(state, key == 'P');
        break;
    default:
        break;
    }
}

static void leave_mode(struct top_state *state)
{
    state->mode = state->mode == TOP_HELP ? state->below : TOP_LIST;
    state->scrolled = 0;
}

enum top_does top_key(struct top_state *state, uint32_t key)
{
    /* The host may be another one since the screen was drawn. */
    if (top_arrange(state, state->page) < 0)
        return TOP_DOES_NOTHING;
    state->message[0] = '\0';
    if (state->mode == TOP_CONFIRM)
        return confirm_key(state, key);
    if (state->mode == TOP_FILTER || state->mode == TOP_ASK_TARGET || state->mode == TOP_ASK_RANGE)
        return input_key(state, key);
    if (key == 'q' && state->mode == TOP_LIST)
        return TOP_DOES_QUIT;
    if (key == CONTROL_L)
        return TOP_DOES_REDRAW;
    if (key_moves(state, key))
        return TOP_DOES_NOTHING;
    if (key == TERM_KEY_ESCAPE && state->mode == TOP_LIST)
        state->filter[0] = '\0';
    else if (key == TERM_KEY_ESCAPE || key == TERM_KEY_LEFT || key == 'q')
        leave_mode(state);
    else if ((key == TERM_KEY_ENTER || key == TERM_KEY_RIGHT) && state->mode == TOP_LIST &&
             top_selected(state))
        enter_mode(state, TOP_GUEST);
    else if (state->mode != TOP_HELP)
        command_key(state, key);
    return TOP_DOES_NOTHING;
}
