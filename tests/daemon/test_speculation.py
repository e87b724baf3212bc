"""Decoding ahead, one guess at a time."""

import pytest

from daemon.endpoint import Segment
from daemon.errors import WorkerError
from daemon.messages import RATE_HZ
from daemon.speculation import Counts, Speculation
from tests.daemon.scripted_decoder import Decoder, digest, turns


def segment(number: int, seconds: float = 1.0) -> Segment:
    pcm = number.to_bytes(2, "little") * round(seconds * RATE_HZ)
    return Segment(pcm, 0.0, 0.0, seconds, seconds, round(seconds * 1000), "pause")


async def test_a_guess_that_comes_true_is_not_decoded_again():
    decoder = Decoder()
    speculation = Speculation(decoder)
    speculation.guess(segment(1), 300)
    await turns()
    heard = await speculation.commit(segment(1)).result()
    assert heard.transcript.text == digest(segment(1).pcm)
    assert speculation.counts == Counts(decodes=1, guesses=1, served=1)


async def test_one_sample_more_makes_a_fresh_decode():
    decoder = Decoder()
    speculation = Speculation(decoder)
    speculation.guess(segment(1), 300)
    await turns()
    whole = segment(1, 1.0001)
    heard = await speculation.commit(whole).result()
    assert heard.transcript.text == digest(whole.pcm)
    assert speculation.counts == Counts(decodes=2, guesses=1, served=0)


async def test_what_is_committed_waits_for_a_decode_that_is_under_way_and_for_no_other():
    decoder = Decoder()
    speculation = Speculation(decoder)
    decoder.go.clear()
    speculation.guess(segment(1), 300)
    await turns()
    speculation.drop()
    speculation.guess(segment(2), 300)  # has not begun when it is overtaken
    committed = speculation.commit(segment(3))
    await turns()
    decoder.go.set()
    await committed.result()
    assert decoder.decoded == [segment(1).pcm, segment(3).pcm]
    assert speculation.counts == Counts(decodes=2, guesses=1, served=0)


async def test_text_comes_in_the_order_of_speech_and_guesses_come_last():
    decoder = Decoder()
    speculation = Speculation(decoder)
    decoder.go.clear()
    pieces = [speculation.commit(segment(number)) for number in (1, 2)]
    speculation.guess(segment(3), 300)
    pieces.append(speculation.commit(segment(3)))
    decoder.go.set()
    assert [(await piece.result()).transcript.text for piece in pieces] == [
        digest(segment(number).pcm) for number in (1, 2, 3)
    ]
    assert decoder.decoded == [segment(number).pcm for number in (1, 2, 3)]


async def test_a_guess_that_would_take_too_long_is_not_made():
    speculation = Speculation(Decoder(pace_ms=lambda: 100.0))
    assert speculation.guess(segment(2, 3.1), 300) is None
    assert speculation.guess(segment(2, 2.9), 300) is not None


async def test_in_an_engine_that_can_be_stopped_none_is_too_long():
    speculation = Speculation(Decoder(pace_ms=lambda: 100.0, stops=True))
    assert speculation.guess(segment(2, 30.0), 300) is not None


async def test_while_the_engine_cannot_decode_no_guess_is_made():
    decoder = Decoder(pace_ms=lambda: None, stops=True)
    assert Speculation(decoder).guess(segment(1), 300) is None
    await turns()
    assert decoder.decoded == []


async def test_the_newest_guess_is_made_as_soon_as_it_can_be():
    decoder = Decoder()
    speculation = Speculation(decoder)
    decoder.go.clear()
    for number in (1, 2, 3):
        speculation.guess(segment(number), 300)
        await turns()
    decoder.go.set()
    await turns()
    assert decoder.decoded == [segment(1).pcm, segment(3).pcm]


async def test_at_most_two_guesses_for_each_piece_are_in_vain():
    speculation = Speculation(Decoder())
    for piece in range(1, 30):
        for pause in range(20):
            speculation.guess(segment(pause), 300)
            await turns()
        await speculation.commit(segment(1000)).result()
        assert speculation.counts.guesses <= 2 * piece
    assert speculation.counts.guesses == 58, "each was used"


async def test_pieces_without_pauses_leave_guesses_for_one_with_many():
    speculation = Speculation(Decoder())
    for _ in range(4):
        await speculation.commit(segment(1)).result()
    made = [speculation.guess(segment(pause), 300) for pause in range(20) if not await turns()]
    assert len([one for one in made if one]) == 10


async def test_pauses_in_what_was_cancelled_cost_what_comes_next_no_guess():
    speculation = Speculation(Decoder())
    for pause in range(3):
        speculation.guess(segment(pause), 300)
        await turns()
    assert speculation.guess(segment(4), 300) is None
    speculation.abandon()
    assert speculation.guess(segment(5), 300) is not None


async def test_a_guess_that_failed_is_decoded_afresh_and_its_error_bothers_nobody():
    decoder = Decoder()
    speculation = Speculation(decoder)
    decoder.fault = "the engine died"
    speculation.guess(segment(1), 300)
    await turns()
    decoder.fault = None
    assert (await speculation.commit(segment(1)).result()).transcript.text == digest(segment(1).pcm)
    decoder.fault = "and again"
    with pytest.raises(WorkerError, match="and again"):
        await speculation.commit(segment(2)).result()


async def test_what_nobody_wants_any_more_is_not_begun():
    decoder = Decoder()
    speculation = Speculation(decoder)
    decoder.go.clear()
    first, second = speculation.commit(segment(1)), speculation.commit(segment(2))
    await turns()
    first.cancel()
    second.cancel()
    decoder.go.set()
    assert (await first.result()).transcript.text == digest(segment(1).pcm), "it was under way"
    with pytest.raises(WorkerError):
        await second.result()
    assert decoder.decoded == [segment(1).pcm]
