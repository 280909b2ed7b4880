package com.acme.bank

import scala.collection.mutable
import com.acme.money.{Rates, Cents => Amount}
import com.acme.ledger._

/** One customer's money. */
class Account[E <: Entry](val owner: String) extends Base with Owned {
  private val entries = mutable.Buffer.empty[E]

  /** In cents. */
  def balance: Long =
    entries.filterNot(_.isVoid).map(entry => Rates.convert(entry.cents)).sum

  def settle(at: Instant)(implicit clock: Clock): Either[Failure, Amount] = {
    entries.filterInPlace(_.at.isAfter(at))
    Right(Amount(balance))
  }
}

object Account {
  val Limit = 10
  def open(owner: String): Account[Move] = Registry.register(new Account[Move](owner), limit = Limit)
}

trait Owned {
  def owner: String
}

case class Move(cents: Long, note: String = "")

sealed trait Status
case object Open extends Status
