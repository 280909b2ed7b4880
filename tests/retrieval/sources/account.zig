const std = @import("std");
const ledger = @import("ledger.zig");

/// How many a customer may have.
pub const limit: usize = 10;

/// One customer's money.
pub const Account = struct {
    owner: []const u8,
    cents: i64 = 0,

    /// Opens an account.
    pub fn init(owner: []const u8, cents: i64) Account {
        std.debug.assert(owner.len > 0);
        return .{ .owner = owner, .cents = cents };
    }

    pub fn balance(self: *const Account) i64 {
        return self.cents + ledger.pending(self.owner, .{ .limit = limit });
    }
};

pub const Status = enum { open, frozen };

pub fn convert(cents: i64, rate: f64) i64 {
    return @intFromFloat(@as(f64, @floatFromInt(cents)) * rate + 0.5);
}

test "opens with what it was given" {
    try std.testing.expectEqual(@as(i64, 5), Account.init("ada", 5).balance());
}
