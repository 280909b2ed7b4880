{-# LANGUAGE OverloadedStrings #-}
-- | Accounts.
module Bank.Account (Account (..), balance, settle) where

import qualified Data.Map as Map
import Bank.Ledger (Entry (..), append)

-- | One customer's money.
data Account = Account
  { owner :: String
  , entries :: [Entry]
  } deriving (Eq, Show)

newtype Cents = Cents Int

type Moves = Map.Map String [Entry]

class Owned a where
  ownerOf :: a -> String
  ownerOf _ = "nobody in particular, since it was not said who owns this thing"

instance Owned Account where
  ownerOf = owner

-- | In cents.
balance :: Account -> Int
balance (Account _ []) = 0
balance (Account name (entry : rest)) =
  cents entry + balance (Account name rest)

settle :: Int -> Account -> Either String Account
settle at account
  | null kept = Left "nothing is left"
  | otherwise = Right account {entries = kept}
  where
    kept = filter ((> at) . date) (entries account)
