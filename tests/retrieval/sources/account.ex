defmodule Bank.Account do
  @moduledoc """
  One customer's money.
  """
  use Ecto.Schema
  import Ecto.Changeset, only: [cast: 3]
  alias Bank.{Ledger, Move}

  @limit 10
  defstruct owner: nil, entries: []

  @doc "In cents."
  @spec balance(t) :: integer
  def balance(%__MODULE__{entries: entries}) do
    Enum.reduce(entries, 0, fn entry, sum -> sum + entry.cents end)
  end

  def settle(account, at) when is_integer(at), do: Ledger.settle(account, at, limit: @limit, by: Move)

  defp convert(cents, rate) do
    cents |> Kernel.*(rate) |> Float.round() |> trunc() |> Ledger.record()
  end

  defmacro cents(value) do
    quote do: Bank.Account.convert(unquote(value), Bank.Rates.current(:eur, DateTime.utc_now()))
  end
end

defimpl String.Chars, for: Bank.Account do
  def to_string(account), do: "#{account.owner}: #{Bank.Account.balance(account)} cents in all the entries"
end

defmodule Bank.AccountTest do
  use ExUnit.Case

  test "opens empty" do
    assert Bank.Account.balance(%Bank.Account{owner: "ada", entries: []}) == 0
  end
end
