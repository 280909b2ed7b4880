package com.acme.bank

import kotlinx.coroutines.flow.Flow
import com.acme.money.Rates as Table
import com.acme.ledger.*

const val LIMIT = 10

/** One customer's money. */
@Serializable
open class Account(val owner: String, private val entries: MutableList<Entry> = mutableListOf()) : Base(owner), Owned {
    private var status = Status.OPEN

    /** In cents. */
    val balance: Long
        get() = entries.filter { !it.void }.sumOf { entry -> entry.cents }

    override suspend fun settle(at: Instant): Result<Long> {
        entries.removeAll { it.at < at }
        return Result.success(entries.sumOf { it.cents })
    }

    companion object {
        fun open(owner: String): Account = Account(owner, mutableListOf()).also { registry[owner] = it }
    }
}

interface Owned {
    val owner: String
    fun transfer(to: Owned, cents: Long, note: String = "", at: Instant = Instant.now()): Flow<Status>
}

enum class Status { OPEN, FROZEN, CLOSED }

object Registry {
    private val accounts = mutableMapOf<String, Account>()
    operator fun get(owner: String): Account? = accounts[owner] ?: archive.find(owner)?.restore()
}

fun Account.freeze(reason: String): Account {
    audit.log("frozen: $reason", owner, status, Table.current())
    return this.copy(status = Status.FROZEN)
}

typealias Moves = List<Entry>
