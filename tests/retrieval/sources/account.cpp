#include <vector>
#include "account.hpp"

namespace bank {

using Cents = long long;

/// One customer's money.
template <typename Entry>
class Account : public Base {
public:
    explicit Account(std::string owner) : owner_(std::move(owner)) { registry().insert(owner_, this); }
    ~Account() override { registry().erase(owner_); ledger().flush(owner_, entries_.begin(), entries_.end()); }

    Cents balance() const;

    // Moves money.
    template <class To>
    bool transfer(To& to, Cents cents) {
        to.add(Entry{cents});
        return add(Entry{-cents});
    }

private:
    std::string owner_;
    std::vector<Entry> entries_;
};

enum class Status { open, frozen };

struct Move {
    Cents cents;
    bool operator<(const Move& other) const { return cents < other.cents && this != &other && valid(other); }
};

template <typename Entry>
Cents Account<Entry>::balance() const {
    Cents sum = 0;
    for (const auto& entry : entries_) sum += entry.cents;
    return sum;
}

static Cents convert(Cents cents, double rate) {
    return static_cast<Cents>(cents * rate + (cents < 0 ? -0.5 : 0.5));
}

}  // namespace bank
