/* Accounts. */
#include <stdlib.h>
#include "ledger.h"

#define ACCOUNT_LIMIT 10
#define CENTS(value) \
    ((long)((value) * 100))

typedef struct account {
    char *owner;
    long cents;
    struct account *next;
} account_t;

struct ledger {
    account_t *first;
    int frozen;
};

enum status { OPEN, FROZEN, CLOSED };

typedef int (*visit_fn)(account_t *account, void *state);

static account_t *registry[ACCOUNT_LIMIT];

long account_balance(const account_t *account);

/* Opens an account. */
account_t *account_open(const char *owner, long cents) {
    account_t *account = malloc(sizeof *account);
    account->owner = strdup(owner);
    account->cents = cents;
    return account;
}

#ifdef ACCOUNT_FREEZE
static int
account_freeze(account_t *account, struct ledger *ledger)
{
    ledger->frozen += account->cents > 0 ? 1 : 0;
    return ledger->frozen;
}
#endif
