import type { Currency } from './currency'
import { Base, type Options } from "@bank/base";
export { Ledger } from './ledger'
export * from './types'

/** Anything that has an owner. */
export interface Owned<T = string> {
  readonly owner: T
  transfer(to: Owned<T>, options?: Options): Promise<void>
}

export type Entry = { cents: number; at: Date } | { note: string }

export enum Status { Open = 'open', Frozen = 'frozen', Closed = 'closed' }

declare module 'bank' {
  export function rates(currency: Currency, at: Date, options: Options): Promise<Record<string, number>>
}

export abstract class Account<T extends Entry> extends Base implements Owned {
  private entries: T[] = []
  constructor(readonly owner: string, protected currency: Currency) { super(owner, currency, Status.Open) }

  @memoize()
  balance(at?: Date): number {
    return this.entries.filter((entry) => !at || entry.at < at).reduce((sum, entry) => sum + entry.cents, 0)
  }

  abstract close(reason: string, by: Owned, options: Options): Promise<Status>;
}

export namespace Rates {
  export const table = new Map<string, number>()
  export function convert(cents: number, from: Currency, to: Currency): number {
    return Math.round(cents * (table.get(from) ?? 1) / (table.get(to) ?? 1))
  }
}

export const useAccount = <T,>(id: T, options: Options): Account<Entry> | undefined => {
  return registry.get(String(id), options) ?? fallback(id)
}
