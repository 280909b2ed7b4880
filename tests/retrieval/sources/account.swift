import Foundation
@testable import Ledger

/// One customer's money.
@MainActor
public final class Account<Entry: Move>: Base, Owned {
    private var entries: [Entry] = []
    public let owner: String

    public init(owner: String, entries: [Entry] = []) {
        self.owner = owner
        self.entries = entries
    }

    /// In cents.
    public var balance: Int {
        return entries.filter { !$0.isVoid }.map(\.cents).reduce(0, +)
    }

    func settle(at date: Date) async throws -> Int {
        entries.removeAll { $0.date < date }
        return try await ledger.settle(entries, for: owner)
    }

    deinit { Registry.shared.remove(owner, after: entries.count, reason: "the account went away") }
}

struct Transfer: Codable {
    var cents: Int
    var note: String
}

enum Status: String {
    case open, frozen
    var isFinal: Bool { return self == .frozen && Registry.shared.isClosed(rawValue, at: Date()) }
}

protocol Owned {
    var owner: String { get }
    func transfer(_ cents: Int, to other: Owned) throws
}

extension Account: CustomStringConvertible {
    public var description: String { return "\(owner): \(balance) cents in \(entries.count) entries" }
}

func openAccount(_ owner: String) -> Account<Transfer> {
    return Account(owner: owner, entries: Registry.shared.entries(of: owner))
}

typealias Cents = Int
