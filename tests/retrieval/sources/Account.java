package com.acme.bank;

import java.util.List;
import static com.acme.money.Rates.convert;
import com.acme.ledger.*;

/**
 * One customer's money.
 */
@Entity
public class Account<T extends Entry> extends Base implements Owned, Closeable {
    private static final int LIMIT = 10;
    private final List<T> entries;

    public Account(String owner, List<T> entries) {
        super(owner);
        this.entries = entries;
    }

    /** In cents. */
    @Override
    public long balance() {
        return entries.stream().mapToLong(Entry::cents).sum();
    }

    @Override
    public void close() throws IOException {
        for (T entry : entries) entry.settle(convert(entry.cents(), currency));
    }

    enum Status { OPEN, FROZEN, CLOSED; boolean isFinal() { return this == CLOSED || this == FROZEN; } }

    static class Builder {
        private String owner;

        Builder owner(String owner) {
            this.owner = Objects.requireNonNull(owner, "an account has an owner");
            return this;
        }
    }
}

interface Owned {
    String owner();
}

record Move(long cents, String note) {
    Move {
        if (cents == 0) throw new IllegalArgumentException("a move moves something");
    }
}
