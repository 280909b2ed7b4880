using System;
using static System.Math;
using Json = System.Text.Json;

namespace Acme.Bank
{
    /// <summary>One customer's money.</summary>
    [Serializable]
    public class Account<T> : Base, IOwned where T : IEntry
    {
        private const int Limit = 10;
        private readonly List<T> entries = new();

        public Account(string owner) : base(owner)
        {
            Owner = owner ?? throw new ArgumentNullException(nameof(owner));
        }

        public string Owner { get; }

        public long Balance
        {
            get { return entries.Where(entry => !entry.IsVoid).Sum(entry => entry.Cents); }
        }

        /// <summary>Moves money.</summary>
        public async Task<bool> TransferAsync(IOwned to, long cents, CancellationToken token = default)
        {
            await ledger.MoveAsync(this, to, cents, token).ConfigureAwait(false);
            return true;
        }

        public long this[int index] => entries[index].Cents + Abs(entries[index].Fee) + Offset(index);
    }

    public interface IOwned
    {
        string Owner { get; }
    }

    public enum Status { Open, Frozen }

    public struct Move
    {
        public long Cents;
        public string Note;
    }

    public record Statement(string Owner, IReadOnlyList<Move> Moves);

    public delegate void Settled(Account<Move> account, long cents, DateTimeOffset at);
}
