//! Accounts.
use std::collections::HashMap;
use crate::money::{Cents, rate::Table as Rates, self};
pub use super::ledger::*;
mod moves;

/// How many a customer may have.
pub const LIMIT: usize = 10;

/// One customer's money.
#[derive(Debug, Clone)]
pub struct Account<T> {
    pub owner: String,
    entries: Vec<T>,
}

pub enum Status {
    Open,
    Frozen { since: u64 },
}

pub trait Settle {
    type Error;
    fn settle(&mut self, at: u64) -> Result<Cents, Self::Error>;
    fn freeze(&mut self) -> Status {
        Status::Frozen { since: self.now().unwrap_or_default() }
    }
}

impl<T: Entry> Account<T> {
    /// Opens one.
    pub fn new(owner: impl Into<String>) -> Self {
        Self { owner: owner.into(), entries: Vec::with_capacity(LIMIT) }
    }

    pub async fn balance(&self) -> Cents {
        self.entries.iter().map(|entry| entry.cents()).sum::<Cents>()
    }
}

impl<T: Entry> Settle for Account<T> {
    type Error = std::io::Error;

    fn settle(&mut self, at: u64) -> Result<Cents, Self::Error> {
        self.entries.retain(|entry| entry.at() > at);
        Ok(self.entries.iter().map(|entry| entry.cents()).sum())
    }
}

macro_rules! cents {
    ($value:expr) => {
        Cents::new($value as i64).expect("an amount that fits in sixty-four bits")
    };
}

cfg_test! {
    /// Opens a frozen account.
    pub fn frozen(owner: &str) -> Account<Move> {
        let mut account = Account::new(owner);
        account.freeze();
        account
    }

    pub(crate) struct Vault {
        accounts: HashMap<String, Account<Move>>,
    }
}

mod tests {
    use super::*;

    #[test]
    fn opens_empty() {
        assert_eq!(Account::<Move>::new("ada").entries.len(), 0, "a new account has no entries");
    }
}
