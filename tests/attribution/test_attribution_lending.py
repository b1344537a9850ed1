"""What is prepared of a network is lent to one at a time, and dies with its model."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest
from attribution_networks import Residual, randomise

from xai.attribution import METHODS, channel_relevance, ledger, run, strip
from xai.models.lending import forget, lent


class Prepared:
    """Something that took long to make."""


def prepare(model) -> Prepared:
    return Prepared()


@pytest.fixture
def model(wrap):
    return wrap(randomise(Residual(), 3), (3, 8, 8), cam_layer="relu2")


def test_it_is_made_once_and_lent_again(model):
    with lent(model, "kind", prepare) as first:
        pass
    with lent(model, "kind", prepare) as again:
        assert again is first
    with lent(model, "other", prepare) as other:
        assert other is not first
    forget(model)
    with lent(model, "kind", prepare) as new:
        assert new is not first


def test_two_borrowers_have_two(model):
    with lent(model, "kind", prepare) as one, lent(model, "kind", prepare) as other:
        assert one is not other
    seen, both = [], threading.Barrier(4)

    def borrow() -> None:
        with lent(model, "kind", prepare) as mine:
            both.wait()  # all four hold theirs at once
            seen.append(mine)

    threads = [threading.Thread(target=borrow) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(mine) for mine in seen}) == 4


def test_what_an_error_may_have_spoilt_is_dropped(model):
    with pytest.raises(KeyError), lent(model, "kind", prepare) as spoilt:
        raise KeyError
    with lent(model, "kind", prepare) as clean:
        assert clean is not spoilt

    def borrowing():
        with lent(model, "kind", prepare) as mine:
            yield mine

    half_done = borrowing()
    assert next(half_done) is clean
    half_done.close()
    with lent(model, "kind", prepare) as new:
        assert new is not clean


def test_a_failure_of_the_making_is_the_callers(model):
    def fail(model):
        raise ValueError("no such thing")

    with pytest.raises(ValueError, match="no such thing"), lent(model, "kind", fail):
        pytest.fail("there is nothing to lend")
    with lent(model, "kind", prepare) as made:
        assert isinstance(made, Prepared)


def test_no_more_wait_than_a_few_and_the_oldest_go(model):
    watched = {}
    for kind in range(12):
        with lent(model, kind, prepare) as made:
            watched[kind] = weakref.ref(made)
        del made
    alive = [kind for kind, one in watched.items() if one() is not None]
    assert 1 < len(alive) < 12
    assert alive == list(range(12))[-len(alive) :]


def test_models_do_not_share(model, wrap):
    other = wrap(randomise(Residual(), 4), (3, 8, 8), cam_layer="relu2")
    with lent(model, "kind", prepare) as one:
        pass
    with lent(other, "kind", prepare) as two:
        assert two is not one


def test_a_model_that_nobody_needs_is_freed_with_all_that_was_prepared_of_it(wrap, picture):
    model = wrap(randomise(Residual(), 3), (3, 8, 8), cam_layer="relu2")
    image = picture((3, 8, 8), 1)
    for method in METHODS:
        run(model, image, method)
    run(model, image, "lrp", params={"composite": "epsilon_gamma_box"})
    ledger(model, image)
    strip(model, image)
    channel_relevance(model, image, "conv1")
    watched = [weakref.ref(model), weakref.ref(model.net.conv1)]
    for kind in ("plain", "guided", "deconvnet", "lrp"):
        with lent(model, kind, prepare) as waiting:
            assert not isinstance(waiting, Prepared), kind
            watched.append(weakref.ref(getattr(waiting, "net", waiting)))
    del model, waiting
    gc.collect()
    assert [one() for one in watched] == [None] * len(watched)


def test_another_network_of_the_same_structure_has_its_own(model, picture):
    image = picture((3, 8, 8), 1)
    names = ("guided_backprop", "grad_cam", "lrp")
    first = [run(model, image, name, target=1).relevance for name in names]
    net = model.private()
    net.fc.weight = type(net.fc.weight)(-net.fc.weight.data, requires_grad=False)
    changed = model.over(net)
    for name, before in zip(names, first, strict=True):
        assert not np.allclose(run(changed, image, name, target=1).relevance, before)
        assert np.array_equal(run(model, image, name, target=1).relevance, before)
