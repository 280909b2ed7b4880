"""What each page finds on the desk: a journal, a project, files to import, stand-ins for other programs."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mnemo import MemoryDB, RetrievalEngine
from mnemo.settings import Settings, places
from mnemo.tui.demo import write_demo
from pages import ROOT, Desk
from speaking import Servers, says

__all__ = ["DESKS"]

SHOP: Final = {
    "shop/cart.py": '''\
"""The cart: what a customer means to buy."""

from os import path
from math import ceil
from json import dumps
from time import time

DISCOUNT_FROM = 100


class Cart:
    """Keeps lines and adds them up."""

    def __init__(self, customer):
        self.customer = customer
        self.lines = []

    def add_line(self, product, count=1):
        """Add a product to the cart, or more of one that is there."""
        for line in self.lines:
            if line.product == product:
                line.count += count
                return line
        self.lines.append(Line(product, count))
        return self.lines[-1]

    def total_price(self, discount=0):
        """The price of all lines, less the discount in percent."""
        total = sum(line.product.price * line.count for line in self.lines)
        if total >= DISCOUNT_FROM:
            total -= total * discount / 100
        return round(total, 2)
''',
    "shop/checkout.py": '''\
"""Checkout: from a cart to an order that is paid."""

from shop.cart import Cart


def check_out(cart: Cart, payment):
    """Take the payment for a cart and make it an order; an empty cart is refused."""
    if not cart.lines:
        raise ValueError("the cart is empty")
    receipt = payment.charge(cart.total_price(cart.customer.discount))
    return {"receipt": receipt, "lines": list(cart.lines)}


def refund_order(order, payment):
    """Give the money of an order back."""
    return payment.refund(order["receipt"])
''',
    "shop/mail.py": '''\
"""Mail that the shop sends."""


def send_receipt(customer, order):
    """Mail the receipt of an order to its customer."""
    return f"To {customer.mail}: your order {order['receipt']}"
''',
    "README.md": "# Shop\n\nA small shop: cart, checkout, mail.\n\n## Refunds\n\nAn order can be refunded.\n",
}

# What `claude mcp add NAME -- COMMAND...` stands for: the client starts the command and says hello.
CLIENT: Final = """\
#!{python}
import json, subprocess, sys
assert sys.argv[1:3] == ["mcp", "add"] and sys.argv[4] == "--", sys.argv
hello = {{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {{
    "protocolVersion": "2025-06-18", "capabilities": {{}}, "clientInfo": {{"name": "t", "version": "1"}}}}}}
with subprocess.Popen(sys.argv[5:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
    server.stdin.write(json.dumps(hello) + "\\n")
    server.stdin.flush()
    answer = json.loads(server.stdout.readline())
    server.stdin.close()
assert answer["result"]["serverInfo"]["name"] == "mnemo", answer
"""


def journal(desk: Desk) -> None:
    """A journal in its usual place, with a little of somebody's life."""
    with MemoryDB(places(Settings()).journal) as db:
        db.remember("Debt", "fear", "Opened the letter from the bank. My hands were shaking.", tags=["bank"])
        db.remember("Sea", "joy", "We swam until the letter was forgotten.", tags=["summer"])
        db.remember("Debt", "serenity", "It was less than I feared.")


def shop(desk: Desk) -> None:
    """A small project, not indexed, and the reader in it."""
    desk.cwd = desk.folder / "shop"
    for name, text in SHOP.items():
        path = desk.cwd / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    desk.output(
        "git init --quiet && git add . && git -c user.name=a -c user.email=a@b commit --quiet -m Shop"
    )


def indexed_shop(desk: Desk) -> None:
    shop(desk)
    desk.output("mnemo init && mnemo ingest")


def checkout(desk: Desk) -> None:
    """mnemo's own checkout, as far as its pages speak of it."""
    desk.cwd = desk.folder / "mnemo"
    shutil.copytree(ROOT / "storage", desk.cwd / "storage", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "docs" / "shell", desk.cwd / "docs" / "shell")
    desk.output("git init --quiet && git add .")


def model(desk: Desk) -> None:
    """A server on this machine that speaks as a model does, set up as the page says."""
    servers = Servers()
    desk.closing.callback(servers.close)
    speaker = servers.start()
    speaker.otherwise = says("You feel calmer about it than you did.")
    desk.env |= {"OLLAMA_MODEL": "llama3.2", "OLLAMA_URL": f"{speaker.origin}/v1/chat/completions"}


def client(desk: Desk) -> None:
    """A stand-in for an agent's command line, that starts the server as it is told to and greets it."""
    path = desk.folder / "bin" / "claude"
    path.parent.mkdir(exist_ok=True)
    path.write_text(CLIENT.format(python=sys.executable))
    path.chmod(0o755)


def sources(desk: Desk) -> None:
    """What the page on importing imports."""
    record = {
        "content": "We swam.",
        "timestamp": "2024-07-01T23:30:00+02:00",
        "concept": "sea",
        "feeling": "joy",
    }
    (desk.cwd / "old.jsonl").write_text(json.dumps(record) + "\n")
    (desk.cwd / "notes").mkdir()
    (desk.cwd / "notes" / "2024-07-01.md").write_text("We swam again.\n")
    (desk.cwd / "journal.txt").write_text("[2024-07-01 23:30] We swam. @summer\n\n")
    lines = [{**record, "content": f"We swam {number} times."} for number in range(1, 10)]
    lines[2] |= {"memory_id": "a", "checksum": "0"}
    for number in (7, 9):
        del lines[number - 1]["timestamp"]
    (desk.cwd / "notes.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))


def scripting(desk: Desk) -> None:
    """A shop with a function that stands twice, two sittings of feedback, a long journal, a broken one."""
    shop(desk)
    (desk.cwd / "lib").mkdir()
    refund = SHOP["shop/checkout.py"].partition("\n\n\ndef refund")
    (desk.cwd / "lib" / "refunds.py").write_text("def refund" + refund[2])
    with RetrievalEngine.open(desk.cwd) as engine:
        engine.ingest()
        for sitting in ("monday", "tuesday"):
            for result in engine.query("how is an order refunded", session=sitting)[:2]:
                engine.feedback(result.chunk.id, "used", session=sitting)
    sources(desk)
    with MemoryDB(desk.cwd / "years.mnheme", fsync_policy="never") as db:
        write_demo(db)
    broken = desk.cwd / "broken.mnheme"
    with MemoryDB(broken) as db:
        db.remember("Sea", "joy", "We swam.")
    broken.write_bytes(broken.read_bytes().replace(b"We swam.", b"We sank."))


def theme(desk: Desk) -> None:
    """The theme that the page shows, where the page says it lies."""
    block = next(each for each in desk.page.blocks if each.language == "toml" and "[colours]" in each.text)
    folder = Path(desk.output("mnemo config path").strip()).parent / "themes"
    folder.mkdir(parents=True)
    (folder / "dusk.toml").write_text(block.text)


DESKS: Final[dict[str, tuple[Callable[[Desk], None], ...]]] = {
    "README.md": (checkout, client),
    "docs/asking.md": (journal,),
    "docs/code-index.md": (indexed_shop,),
    "docs/compression.md": (indexed_shop,),
    "docs/daemon.md": (indexed_shop,),
    "docs/importing.md": (journal, sources),
    "docs/installing.md": (checkout,),
    "docs/mcp.md": (indexed_shop, client),
    "docs/providers.md": (journal, model),
    "docs/querying.md": (indexed_shop,),
    "docs/scripting.md": (scripting,),
    "docs/themes-and-keys.md": (theme,),
    "docs/troubleshooting.md": (journal, indexed_shop),
}
"""By page; a page that is not named finds an empty desk."""
