"""Which backend is chosen, from tables of what was measured."""

import pytest

from models import choice
from models.choice import REFERENCE, Backend, Machine, Measured, Wish

S1, S4 = REFERENCE, Backend("sherpa", "cpu", 4)
O1, O4 = Backend("ort", "cpu", 1), Backend("ort", "cpu", 4)
OG, SG = Backend("ort", "cuda", 1), Backend("sherpa", "cuda", 1)
PLAIN, DESKTOP = Machine(cores=4), Machine(cores=4, ort=True)
GPU = Machine(cores=4, ort=True, gpu=True, cuda=("ort",))
GPU_UNUSED = Machine(cores=4, gpu=True)


def rows(**ratios):
    places = {"s1": S1, "s4": S4, "o1": O1, "o4": O4, "og": OG, "sg": SG}
    return [
        Measured(places[name], fault=value) if isinstance(value, str) else Measured(places[name], 100 * value, value)
        for name, value in ratios.items()
    ]


@pytest.mark.parametrize(
    ("machine", "wish", "int8", "expected"),
    [
        (PLAIN, Wish(), False, [S1, S4]),
        (Machine(), Wish(), False, [S1]),
        (DESKTOP, Wish(), True, [S1, O1, S4, O4]),
        (DESKTOP, Wish("ort"), False, [O1, O4]),
        (PLAIN, Wish("ort"), False, [O1, O4]),  # which is not installed, and says so
        (DESKTOP, Wish(threads=4), False, [S4, O4]),
        (GPU, Wish(), False, [OG, S1, O1, S4, O4]),
        (GPU, Wish(), True, [S1, O1, S4, O4]),
        (GPU, Wish(provider="cpu"), False, [S1, O1, S4, O4]),
        (GPU, Wish(provider="cuda"), False, [OG]),
        (GPU, Wish("sherpa", "cuda"), False, [SG]),
        (GPU, Wish(provider="cuda"), True, [OG]),  # whose worker says why not
        (DESKTOP, Wish(provider="cuda"), False, [OG]),
        (GPU_UNUSED, Wish(), False, [OG, S1, S4]),  # whose worker says what is to be installed
    ],
)
def test_what_can_be_chosen_from(machine, wish, int8, expected):
    assert choice.candidates(wish, machine, int8=int8) == expected


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        (rows(s1=1.0, o1=0.89), O1),
        (rows(s1=1.0, o1=0.91), S1),  # not worth it
        (rows(s1=1.0, s4=0.84), S4),
        (rows(s1=1.0, s4=0.86), S1),  # clearly faster than the reference, and not clearly than one thread
        (rows(s1=1.0, o1=0.6, o4=0.52), O1),
        (rows(s1=1.0, o1=0.6, o4=0.50), O4),
        (rows(s1=1.0, o1=0.6, s4=0.55), S4),
        (rows(s1=1.0, s4=1.6, o1="it hears another text than sherpa on the CPU"), S1),
        (rows(s1="it failed the self-test", o1=1.2), O1),
        (rows(s1=1.0, o1=0.7, og=0.05), OG),
        (rows(o1=0.7, o4=0.69), O1),
        (rows(s1="no", o1="no"), None),
        ([], None),
    ],
)
def test_the_fastest_that_counts_and_is_clearly_faster(measured, expected):
    assert choice.fastest(measured, [S1, S4, O1, O4, OG, SG]) == expected


def test_what_the_wish_leaves_out_is_not_chosen():
    assert choice.fastest(rows(s1=1.0, o1=0.5, og=0.05), [S1, S4]) == S1


@pytest.mark.parametrize(
    ("machine", "wish", "measured", "expected"),
    [
        (DESKTOP, Wish(), [], S1),
        (DESKTOP, Wish("ort"), [], O1),
        (DESKTOP, Wish("sherpa", "cpu", 4), [], S4),
        (DESKTOP, Wish(), rows(s1=1.0, o1=0.5), O1),  # not all of it is measured, and this much is known
        (DESKTOP, Wish(), rows(s1=1.0, o1=0.5, s4=1.0, o4=0.3), O4),
        (GPU, Wish(), [], OG),
        (GPU, Wish(), rows(og="no driver"), S1),
        (GPU, Wish(), rows(og="no driver", s1=1.0, o1=0.5, s4=1.0, o4=1.0), O1),
        (GPU, Wish(), rows(og=2.0, s1=1.0, o1=1.0, s4=1.0, o4=1.0), S1),
        (GPU, Wish(provider="cuda"), rows(og="no driver", s1=1.0), OG),  # it may come back
    ],
)
def test_the_best_of_what_is_known(machine, wish, measured, expected):
    assert choice.best(wish, machine, measured, int8=False) == expected


def test_what_is_still_to_be_measured():
    assert choice.unmeasured([S1], []) == []
    assert choice.unmeasured([O1], []) == []
    assert choice.unmeasured([S1, O1, S4], rows(s4=1.0)) == [O1]  # the reference is measured with each
    assert choice.unmeasured([S1, O1], rows(o1="it did not load")) == []


@pytest.mark.parametrize(
    ("wish", "measured", "expected"),
    [(Wish(), [], S1), (Wish("ort", "cuda"), [], O1), (Wish(), rows(s1=1.0, o1=0.5), O1), (Wish(threads=4), [], S4)],
)
def test_what_takes_over_from_a_gpu(wish, measured, expected):
    assert choice.on_cpu(wish, GPU, measured) == expected


@pytest.mark.parametrize(
    ("measured", "expected"),
    [([], None), (rows(og="no driver"), "no driver"), (rows(og=0.1), None), (rows(og=0.1, sg="bad"), None)],
)
def test_why_the_gpu_does_not_count(measured, expected):
    among = [OG, SG, S1] if len(measured) == 2 else [OG, S1]
    assert choice.gpu_fault(among, measured) == expected


def test_a_backend_in_words():
    assert [str(one) for one in (S1, O4, OG)] == ["sherpa on cpu, 1 thread", "ort on cpu, 4 threads", "ort on cuda"]
