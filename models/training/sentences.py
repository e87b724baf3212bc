# ruff: noqa: S311, SIM905 - the random numbers must be reproducible; word lists read better as text
"""Random dictation-like sentences over a closed vocabulary of about 360 words, determined by a seed.

The sentences need not make sense. They have to show every word in many neighbourhoods, lean towards what people dictate
(clauses, numbers, dates, marks, commands), and hold enough random word strings that the prediction network cannot guess
the next word instead of listening to it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

DIGITS = "zero one two three four five six seven eight nine".split()
TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
ENDING_MARKS = ["comma", "period", "question mark", "exclamation mark", "colon", "semicolon"]
MARKS = [
    *ENDING_MARKS, "dash", "hyphen", "slash", "apostrophe", "quote", "open quote", "close quote", "open bracket",
    "close bracket", "open parenthesis", "close parenthesis", "underscore", "dot", "percent", "dollar", "at sign",
    "hash",
]  # fmt: skip
COMMANDS = [
    "new line", "new paragraph", "delete the last word", "delete that", "undo that", "redo", "select all",
    "copy that", "paste", "cut that", "save the file", "open the file", "close the window", "stop listening",
    "start dictation", "stop dictation", "go back", "go to the end", "press enter", "press escape", "press tab",
    "press space", "caps lock", "all caps", "scroll down", "scroll up", "page down", "page up", "next window",
    "last line", "select the word", "select the line", "backspace", "control shift", "hello computer",
]  # fmt: skip
NOUNS = """
    message team meeting report file word line page window computer keyboard screen letter email number name time
    day week month year morning afternoon evening night house car road city country school book paper table door
    water coffee tea bread fish apple dog cat bird tree river mountain people man woman child friend doctor teacher
    student family mother father brother sister money price market company office project plan problem answer
    question idea story music picture camera phone code test system model data function server error list key button
    green fox language sentence paragraph document table result change update version machine engine train garden
    summer winter
""".split()
ADJECTIVES = """
    big small long short good bad old young happy quick brown lazy hot cold early late open simple hard easy clear
    dark bright quiet loud red blue white black yellow important different local public final first second third
    better best every many few free full
""".split()
VERBS = """
    send write make take give find keep bring build show check open close start stop move change follow watch hold
    help use need want like love know think see hear call ask tell leave meet buy sell test fix remember forget
    understand finish
""".split()
PRONOUNS = "i you we they".split()
MODALS = "can will should must could would".split()
PREPOSITIONS = "for from with about after before under over near behind".split()
ADVERBS = "now today tomorrow yesterday again always never soon please here there quickly".split()
DETERMINERS = "the a this that my your our his her some".split()
DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
MONTHS = """
    january february march april may june july august september october november december
""".split()
QUESTION_WORDS = "what when where why how who".split()
LINKS = ["and", "but", "because", "if", "then"]
SMALL_WORDS = """
    and but because if then not is are was it yes no hello thanks thank of in on of at so do does did
""".split()

OTHERS = ["hundred", "thousand", "million", "to"]

VOCABULARY: tuple[str, ...] = tuple(
    sorted(
        {
            word
            for phrase in (
                DIGITS + TEENS + TENS + MARKS + COMMANDS + NOUNS + ADJECTIVES + VERBS + PRONOUNS + MODALS + PREPOSITIONS
                + ADVERBS + DETERMINERS + DAYS + MONTHS + QUESTION_WORDS + SMALL_WORDS + OTHERS
            )
            for word in phrase.split()
        }
    )
)  # fmt: skip

#: No sentence ends after one of these.
OPEN_WORDS = frozenset(
    [*DETERMINERS, *PREPOSITIONS, *MODALS, *LINKS, "is", "was", "are", "to", "not", "on", "in", "at"]
)
#: Words that sound like another of the vocabulary; only a clause tells them apart, so random strings leave them out.
NEEDS_CONTEXT = frozenset({"to", "for", "know", "hear"})
MAX_WORDS = 14


def sentence(draw: random.Random) -> str:
    """One lower-case sentence of 1 to 14 words, without punctuation characters."""
    kind = draw.random()
    if kind < 0.55:
        words = _dictated_clause(draw)
    elif kind < 0.66:
        words = _number(draw)
        if draw.random() < 0.3:
            words.append(draw.choice([*MARKS, "percent"]))
    elif kind < 0.77:
        words = [draw.choice(COMMANDS)]
    elif kind < 0.81:
        words = [draw.choice(MARKS) for _ in range(draw.randint(1, 3))]
    else:
        drawn = draw.choices(VOCABULARY, k=draw.randint(1, 7))
        words = [word for word in drawn if word not in NEEDS_CONTEXT] or ["hello"]
    return " ".join(" ".join(words).split()[:MAX_WORDS])


def marked_sentence(draw: random.Random) -> str:
    """A clause with a full stop, the beginning or the rest of one that was broken off in the middle, or anything."""
    words = " ".join(_clause(draw)).split()[:MAX_WORDS]
    kind, breaks = draw.random(), list(_breaks(words))
    if kind < 0.45 and breaks:
        at = draw.choice(breaks)
        return " ".join(words[:at]) if kind < 0.35 else " ".join(words[at:]) + "."
    return " ".join(words) + "." if kind < 0.85 else sentence(draw)


def _breaks(words: list[str]) -> Iterator[int]:
    """Where a clause can be broken off so that everybody hears that more must come."""
    for at in range(1, len(words)):
        described = words[at - 1] in ADJECTIVES and at > 1 and words[at - 2] in DETERMINERS
        if words[at - 1] in OPEN_WORDS or described:
            yield at


def distinct_sentences(
    count: int,
    seed: int,
    *,
    excluding: frozenset[str] = frozenset(),
    new: Callable[[random.Random], str] = sentence,
) -> list[str]:
    """`count` different sentences, none of them among `excluding`: a test set that was not trained on."""
    draw = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        candidate = new(draw)
        if candidate not in excluding:
            found[candidate] = None
    return list(found)


def training_sentences(count: int, seed: int, *, new: Callable[[random.Random], str] = sentence) -> list[str]:
    """`count` sentences as they come; short ones repeat."""
    draw = random.Random(seed)
    return [new(draw) for _ in range(count)]


def _dictated_clause(draw: random.Random) -> list[str]:
    words = _clause(draw)
    if draw.random() < 0.3:
        words.append(draw.choice(ENDING_MARKS))
    if draw.random() < 0.2:
        words += [draw.choice(LINKS), *_clause(draw)]
    if draw.random() < 0.1:
        words.append(draw.choice(["new line", "new paragraph"]))
    return words


def _clause(draw: random.Random) -> list[str]:
    kind = draw.random()
    if kind < 0.3:
        negation = ["not"] if draw.random() < 0.15 else []
        words = [draw.choice(PRONOUNS), draw.choice(MODALS), *negation, draw.choice(VERBS), *_noun_phrase(draw)]
    elif kind < 0.45:
        words = [*_noun_phrase(draw), draw.choice(["is", "was"]), draw.choice(ADJECTIVES)]
    elif kind < 0.6:
        polite = ["please"] if draw.random() < 0.6 else []
        target = ["to", *_noun_phrase(draw)] if draw.random() < 0.5 else []
        words = [*polite, draw.choice(VERBS), *_noun_phrase(draw), *target]
    elif kind < 0.7:
        opening = draw.choice(["is", "are", "was", "do you", "did you", "can we"])
        words = [draw.choice(QUESTION_WORDS), opening, draw.choice(VERBS), *_noun_phrase(draw)]
    elif kind < 0.86:
        words = _date(draw)
    elif kind < 0.93:
        words = (
            ["it is not", draw.choice(ADJECTIVES)]
            if draw.random() < 0.5
            else ["there are many", draw.choice(ADJECTIVES), draw.choice(NOUNS)]
        )
    else:
        words = [draw.choice(["hello", "thanks", "yes", "no", "thank you"])]
    if draw.random() < 0.35:
        words += [draw.choice(PREPOSITIONS), *_noun_phrase(draw)]
    if draw.random() < 0.2:
        words.append(draw.choice(ADVERBS))
    return words


def _date(draw: random.Random) -> list[str]:
    kind = draw.random()
    if kind < 0.5:
        hour = ["at", draw.choice(DIGITS[1:] + TEENS[:3])] if draw.random() < 0.5 else []
        return ["the meeting is on", draw.choice(DAYS), *hour]
    if kind < 0.75:
        return [draw.choice(MONTHS), draw.choice(TEENS + DIGITS[1:])]
    return ["in", draw.choice(MONTHS), *_noun_phrase(draw)]


def _noun_phrase(draw: random.Random) -> list[str]:
    adjective = [draw.choice(ADJECTIVES)] if draw.random() < 0.4 else []
    return [draw.choice(DETERMINERS), *adjective, draw.choice(NOUNS)]


def _number(draw: random.Random) -> list[str]:
    kind = draw.random()
    if kind < 0.35:
        return [draw.choice(DIGITS) for _ in range(draw.randint(1, 5))]
    if kind < 0.5:
        return [draw.choice(TEENS)]
    below_hundred = [draw.choice(TENS)] + ([draw.choice(DIGITS[1:])] if draw.random() < 0.6 else [])
    if kind < 0.75:
        return below_hundred
    if kind < 0.9:
        return [draw.choice(DIGITS[1:]), "hundred"] + (["and", *below_hundred] if draw.random() < 0.6 else [])
    return [*below_hundred, "thousand"] if kind < 0.97 else [draw.choice(DIGITS[1:]), "million"]
