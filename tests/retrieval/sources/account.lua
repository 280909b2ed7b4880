local json = require("cjson")
local ledger = require 'bank.ledger'

-- One customer's money.
local Account = {}
Account.__index = Account

--- Opens an account.
function Account.new(owner, entries)
  local self = setmetatable({}, Account)
  self.owner = owner
  self.entries = entries or {}
  return self
end

function Account:balance()
  local sum = 0
  for _, entry in ipairs(self.entries) do sum = sum + entry.cents end
  return sum
end

local function convert(cents, rate)
  return math.floor(cents * rate + 0.5) + ledger.fee(cents, rate, json.null)
end

Account.settle = function(self, at)
  self.entries = vim.tbl_filter(function(entry) return entry.at > at end, self.entries)
  return convert(self:balance(), 1)
end

return Account
