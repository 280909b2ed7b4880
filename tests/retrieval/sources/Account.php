<?php

declare(strict_types=1);

namespace Acme\Bank;

use Acme\Money\Rates;
use Acme\Ledger\{Entry, Move as Shift};
use function Acme\Money\convert;

require_once __DIR__ . '/ledger.php';

const LIMIT = 10;

/**
 * One customer's money.
 */
#[Entity]
final class Account extends Base implements Owned
{
    use Settles;

    public const CURRENCY = 'EUR';
    private array $entries = [];

    public function __construct(private string $owner, Entry ...$entries)
    {
        $this->entries = array_values(array_filter($entries));
    }

    /** In cents. */
    public function balance(?\DateTimeInterface $at = null): int
    {
        return array_sum(array_map(fn (Entry $entry): int => convert($entry->cents(), $at), $this->entries));
    }
}

interface Owned
{
    public function owner(): string;
}

trait Settles
{
    protected function settle(Shift $shift): void
    {
        $this->ledger->append($shift, Rates::current(), new \DateTimeImmutable('now'));
    }
}

enum Status: string
{
    case Open = 'open';
    case Frozen = 'frozen';
}

function open_account(string $owner): Account
{
    return new Account($owner, ...Registry::entries($owner, limit: LIMIT));
}
