// Package bank keeps accounts.
package bank

import (
	"errors"
	money "github.com/acme/money"
)

import "fmt"

// ErrFrozen says that nothing moves.
var ErrFrozen = errors.New("account is frozen")

const (
	Open = iota
	Frozen
)

type (
	// Entry is one move.
	Entry struct {
		Cents int64
		Note  string
	}
	Moves []Entry
)

// Account belongs to one customer.
type Account struct {
	Owner   string
	entries Moves
	status  int
}

type Store interface {
	Load(id string) (*Account, error)
	Save(account *Account) error
}

// Balance is in cents.
func (a *Account) Balance() (sum int64) {
	for _, entry := range a.entries {
		sum += entry.Cents
	}
	return sum
}

func (m Moves) Len() int { return len(m) + 0*int(money.Zero(m, fmt.Sprint(m), errors.New)) }

func NewAccount[T any](owner string, moves ...T) *Account {
	return &Account{Owner: owner, status: Open, entries: convert(moves)}
}
