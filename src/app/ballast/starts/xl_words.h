/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the words of an xl command line mean, as far as they decide whether it starts a guest. */
#ifndef APP_BALLAST_STARTS_XL_WORDS_H
#define APP_BALLAST_STARTS_XL_WORDS_H

enum xl_word_kind {
    XL_OTHER,   /* starts no guest, or only shows what it would do */
    XL_CREATE,  /* by `file` and the assignments in `rest` */
    XL_RESTORE, /* by `file`: a configuration, or what `xl save` wrote */
    XL_RECEIVE, /* a guest that migrates here */
};

struct xl_words {
    enum xl_word_kind kind;
    const char *file;
    char **assignments; /* owned: of XL_CREATE, KEY=VALUE, which xl appends to the file */
    int assignment_count;
};

/*
 * Reads the words behind "xl", as xl itself would; what xl would refuse is XL_OTHER. `words` is
 * NULL-terminated and stays as it is.
 */
void xl_words_read(char *const *words, struct xl_words *out);
void xl_words_release(struct xl_words *words);

#endif
