"""Order of clips: every clip once an epoch, ranks disjoint, nothing depends on history."""

from phonofilm.training.order import Order, mixed_seed


def test_every_clip_once_an_epoch_whatever_the_batch_size() -> None:
    order = Order(35, seed=2)
    seen = [index for number in range(10) for index in order.batch(number, 7)]
    assert sorted(seen[:35]) == sorted(seen[35:]) == list(range(35))
    assert seen[:35] != seen[35:]


def test_ranks_share_a_global_batch_without_overlap() -> None:
    whole = [Order(30, 4).batch(number, 6) for number in range(5)]
    parts = [[Order(30, 4).batch(number, 2, rank, 3) for rank in range(3)] for number in range(5)]
    assert [[index for rank in ranks for index in rank] for ranks in parts] == whole


def test_a_resumed_order_needs_no_history() -> None:
    fresh, used = Order(13, 8), Order(13, 8)
    for number in range(9):
        used.batch(number, 4)
    assert used.batch(9, 4) == fresh.batch(9, 4)


def test_seeds_differ_in_every_argument() -> None:
    seeds = {mixed_seed(seed, rank, index) for seed in range(5) for rank in range(-1, 4) for index in range(200)}
    assert len(seeds) == 5 * 5 * 200
    assert all(0 <= seed < 2**63 for seed in seeds)
