'use strict'

import fs, { readFile as read } from 'node:fs'
import * as path from './path.js'
import './side-effect.js'
const { deposit, withdraw } = require('../lib/moves')

/** How many accounts a customer may have. */
const LIMIT = 10

/**
 * Opens an account.
 */
export function openAccount (owner, currency = 'EUR') {
  const account = new Account(owner, currency)
  registry.set(account.id, account)
  return account
}

export const closeAccount = async (account) => {
  await account.settle()
  registry.delete(account.id)
}

export default class Account extends Base {
  #entries = []
  static currency = 'EUR'

  constructor (owner, currency) {
    super(owner)
    this.owner = owner
    this.currency = currency
  }

  // In cents.
  get balance () {
    return this.#entries.reduce((sum, entry) => sum + entry.cents, 0)
  }

  settle = async () => {
    for (const entry of this.#entries) await entry.settle(this.owner)
  }
}

app.handle = function handle (req, res, callback) {
  const done = callback || finalhandler(req, res, { env: this.get('env') })
  this.router.handle(req, res, done)
}

Account.prototype.freeze = function () {
  this.frozen = true
  this.emit('frozen', { at: Date.now(), owner: this.owner })
}

module.exports = {
  transfer (from, to, cents) {
    withdraw(from, cents)
    deposit(to, cents)
    return { from, to, cents, at: Date.now() }
  },
  audit: function (account) {
    return account.entries.filter((entry) => !entry.settled).map((entry) => entry.id)
  },
  LIMIT,
}
