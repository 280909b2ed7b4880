# frozen_string_literal: true

require 'json'
require_relative '../ledger/moves'

module Bank
  # How many a customer may have.
  LIMIT = 10

  # One customer's money.
  class Account < Base
    include Comparable
    attr_reader :owner, :entries

    def initialize(owner, entries = [])
      @owner = owner
      @entries = entries
    end

    # In cents.
    def balance
      entries.reject(&:void?).sum { |entry| entry.cents * entry.rate }
    end

    def self.open(owner, **options)
      new(owner, options.fetch(:entries) { [] }).tap { |account| Registry.add(account) }
    end

    class << self
      def find(owner)
        Registry.fetch(owner) { raise KeyError, "nobody is called #{owner}, try another name" }
      end
    end
  end

  Move = Struct.new(:cents, :note) do
    def void?
      cents.zero? && note.to_s.strip.empty? && !settled_before?(Time.now.utc)
    end
  end
end

describe Bank::Account do
  it 'opens empty' do
    expect(Bank::Account.open('ada').entries).to be_empty
  end
end
