"""Receipts: whatever their order, the same words about a message give the same state."""

from __future__ import annotations

from functools import reduce
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from messaging.models.post import Delivery
from messaging.receipts import ORDER, fold

TOLD = st.tuples(st.sampled_from(list(Delivery)), st.sampled_from(["", "30003", "30005"]))


def test_every_word_has_a_rank() -> None:
    assert set(ORDER) == set(Delivery)


def test_all_orders_of_all_words_give_the_same() -> None:
    words = [(delivery, "") for delivery in Delivery]
    assert {reduce(fold, order, None) for order in permutations(words)} == {(Delivery.READ, "")}


@given(TOLD, TOLD, TOLD)
def test_fold_is_a_join(one: tuple[Delivery, str], two: tuple[Delivery, str], three: tuple[Delivery, str]) -> None:
    assert fold(one, one) == one
    assert fold(one, two) == fold(two, one)
    assert fold(fold(one, two), three) == fold(one, fold(two, three))


def test_a_late_delivery_is_stronger_than_a_failure() -> None:
    assert fold((Delivery.FAILED, "30003"), (Delivery.DELIVERED, "")) == (Delivery.DELIVERED, "")
    assert fold((Delivery.DELIVERED, ""), (Delivery.SENT, "")) == (Delivery.DELIVERED, "")
    assert fold((Delivery.FAILED, "9"), (Delivery.EXPIRED, "1")) == (Delivery.EXPIRED, "1")
