"""Languages without a grammar here: cut by indentation, their definitions known by how they begin."""

from __future__ import annotations

import pytest
from mnemo.retrieval.chunkers import LANGUAGES, ChunkOptions, chunk_file, detect_language
from mnemo.retrieval.config import EXTENSIONS

APART = ChunkOptions(min_chunk_tokens=0)

# What each source defines, read off by hand.
SOURCES = {
    "a.clj": (
        "module shop.core, function total, interface Priced, class Item",
        """
(ns shop.core
  (:require [clojure.string :as str]))

(defn ^:private total
  "Adds up."
  [xs]
  (reduce + xs))

(defprotocol Priced
  (price [this]))

(defrecord Item [name]
  Priced
  (price [_] 3))
""",
    ),
    "CMakeLists.txt": (
        "function add_shop",
        """
project(shop)

function(add_shop name)
  add_library(${name})
endfunction()
""",
    ),
    "a.cr": (
        "class Cart",
        """
class Cart
  def total : Int32
    @items.sum
  end

  def empty?
    @items.empty?
  end
end
""",
    ),
    "a.pyx": (
        "class Cart, function settle, function total",
        """
cdef class Cart:
    cdef int items

cpdef double settle(Cart cart, int n):
    return n

def total(cart):
    return cart.items
""",
    ),
    "a.dart": (
        "class Priced, class Cart, function settle",
        """
mixin Priced on Item {
  int get price => 1;
}

class Cart extends Base {
  final List<int> items;
}

Future<void> settle(Cart cart) async {
  await cart.close();
}
""",
    ),
    "Dockerfile": (
        "function build",
        """
FROM --platform=linux/amd64 python:3.11 AS build
RUN pip wheel .

FROM scratch
COPY --from=build /wheels /wheels
""",
    ),
    "a.erl": (
        "class item, function total, function empty",
        """
-module(cart).
-export([total/1]).

-record(item, {
  name,
  price
}).

-spec total([integer()]) -> integer().
total(Items) ->
    lists:sum(Items).

empty(Cart) when is_list(Cart) ->
    Cart == [].
""",
    ),
    "a.f90": (
        "module shop",
        """
MODULE shop
  implicit none
contains
  subroutine settle(n)
    integer :: n
    n = 0
  end subroutine
END MODULE shop
""",
    ),
    "a.fs": (
        "module Shop, type Cart, function settle",
        """
module Shop

type Cart =
    { Items: int list }
    member this.Total =
        List.sum this.Items

let rec settle cart =
    cart
""",
    ),
    "a.frag": (
        "function blur",
        """
uniform vec2 size;

vec4 blur(vec2 at) {
  return texture(image, at);
}
""",
    ),
    "a.graphql": (
        "type Cart, struct CartInput, function GetCart",
        """
type Cart implements Node {
  id: ID!
}

input CartInput {
  name: String
}

query GetCart($id: ID!) {
  cart
}
""",
    ),
    "build.gradle": (
        "class Cart, function settle, function nameOf",
        """
class Cart {
  int total
}

def settle(cart) {
  cart.close()
}

String nameOf(Cart cart) {
  cart.name
}
""",
    ),
    "a.tf": (
        "resource logs, variable region",
        """
resource "aws_s3_bucket" "logs" {
  bucket = "x"
}

variable "region" {
  default = "eu"
}
""",
    ),
    "a.jl": (
        "struct Cart, function settle!, function twice",
        """
mutable struct Cart
    items::Vector
end

function settle!(cart::Cart)
    empty!(cart.items)
end

macro twice(x)
    quote $x end
end
""",
    ),
    "a.el": (
        "function cart-total, struct cart",
        """
;;; Cart

(defun cart-total (cart)
  "Add up."
  (apply #'+ cart))

(cl-defstruct (cart (:copier nil))
  items)
""",
    ),
    "a.rkt": (
        "function total",
        """
#lang racket

(define (total items)
  (apply + items))
""",
    ),
    "Makefile": (
        "rule test, rule build/%.o",
        """
.PHONY: test
CC := gcc

test: build
	pytest

build/%.o: %.c
	$(CC) -c $<
""",
    ),
    "a.nim": (
        "function total",
        """
type Cart = object
  items: seq[int]

proc total*(cart: Cart): int =
  cart.items.sum
""",
    ),
    "a.m": (
        "interface Cart, impl Cart, function settle",
        """
#import <Foundation/Foundation.h>

@interface Cart : NSObject
@property int total;
@end

@implementation Cart
- (void)settle:(int)sum {
  [self close];
}
@end
""",
    ),
    "a.ml": (
        "module Cart, type item, function settle",
        """
module Cart = struct
  let total items =
    List.fold_left ( + ) 0 items
end

type 'a item =
  | Bare of 'a

let rec settle cart =
  settle cart
""",
    ),
    "a.pm": (
        "function total",
        """
package Cart;

sub total {
    my ($self) = @_;
    return 1;
}
""",
    ),
    "a.ps1": (
        "function Get-Total",
        """
Function Get-Total {
  param($Cart)
  $Cart.Sum
}
""",
    ),
    "a.proto": (
        "struct Cart, interface Shop",
        """
syntax = "proto3";

message Cart {
  int32 total = 1;
}

service Shop {
  rpc Settle(Cart) returns (Cart);
}
""",
    ),
    "a.R": (
        "function total, class Cart, function show",
        """
total <- function(items) {
  sum(items)
}

Cart <- R6Class("Cart",
  public = list())

setMethod("show", "Cart",
  function(object) 1)
""",
    ),
    "a.sol": (
        "class Cart, class Sums",
        """
pragma solidity ^0.8.0;

contract Cart is Owned {
  uint total;
}

library Sums {
  uint constant ONE = 1;
}
""",
    ),
    "a.sv": (
        "module adder",
        """
module adder (
  input logic a
);
endmodule
""",
    ),
    "a.vim": (
        "function s:Total",
        """
function! s:Total(cart) abort
  return 1
endfunction
""",
    ),
    "setup.cfg": (
        "key metadata, key options",
        """
[metadata]
name = shop

[options]
packages = find:
""",
    ),
    "a.tcss": (
        "",
        """
Screen {
  layout: grid;
}
""",
    ),
    "page.jinja2": (
        "",
        """
<div id="cart">
  {% block total %}
  1
  {% endblock %}
</div>
""",
    ),
}


@pytest.mark.parametrize("name", SOURCES)
def test_definitions_are_known_by_how_they_begin(name: str) -> None:
    wanted, text = SOURCES[name]
    chunks = chunk_file(text.lstrip("\n"), name, options=APART).chunks
    found = [f"{chunk.chunk_type} {chunk.symbol}" for chunk in chunks if chunk.symbol]
    assert found == [item for item in wanted.split(", ") if item]


def test_every_known_ending_is_read() -> None:
    endings = [ending for endings in LANGUAGES.values() for ending in endings]
    assert len(set(endings)) == len(endings)
    assert set(endings) == {entry for entry in EXTENSIONS if entry.startswith(".")}
    for entry in EXTENSIONS:
        assert detect_language(f"src/{entry}" if entry[0] != "." else f"src/name{entry}") != "unknown", entry


def test_comments_are_no_definitions() -> None:
    chunks = chunk_file(
        "(* let total items =\n   adds up *)\nlet real x =\n  x\n", "a.ml", options=APART
    ).chunks
    assert [chunk.symbol for chunk in chunks] == ["real"]
    assert chunks[0].line_start == 1  # the comment belongs to what it speaks of
    assert "adds up" in chunks[0].doc


def test_lines_inside_a_string_begin_nothing() -> None:
    text = """\
(defun total (cart)
  "Adds up the CART.
(def not a definition) of ?\\\\\\""
  (sum cart))

(defun next ()
  nil)
"""
    assert [chunk.symbol for chunk in chunk_file(text, "a.el", options=APART).chunks] == ["total", "next"]
    text = '''\
"""
    total(cart)

The object or sum of
all.
"""
function total(cart)
    sum(cart)
end
'''
    [chunk] = chunk_file(text, "a.jl", options=APART).chunks
    assert (chunk.symbol, chunk.line_start, chunk.line_end) == ("total", 1, 9)
