"""A follow-up is made to stand alone from what was asked and quoted; a complete question stays as it is."""

from __future__ import annotations

import sys
from functools import partial
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answer.followup.stand_alone import stand_alone
from rag.records import Exchange
from tests.support.effort import grows_at_most

MEMO = ("Europe and Japan weigh closer ties in technology", "Stronger chip industries in Japan and Europe")
BUYER = Exchange(
    "Who proposed to buy JSR?",
    ("A fund that has the backing of the government proposed, in the week before the talks, to buy JSR.",),
    MEMO,
)
VIDEO = Exchange(
    "What did Breton say about artificial intelligence?",
    ('In the video, Breton called artificial intelligence a "very important topic" for the meeting.',),
    (MEMO[0], "Breton's talks with the Japanese government"),
)
CHIEF = Exchange(
    "Who leads industry policy at the European Union?",
    ("Thierry Breton, who heads industry policy at the European Union, is thinking about closer ties with Japan.",),
    MEMO,
)
COUNCIL = Exchange("Which council discusses chips in Japan?", ("The council with Japan discusses chips.",), MEMO)
CONTROLS = Exchange(
    "Did the Netherlands announce new export controls?",
    ("The Netherlands announced new export controls in the week before Breton met the Japanese government.",),
    MEMO,
)
LEAVE = Exchange(
    "How many days of parental leave are there in Germany?",
    ("In Germany, parental leave is fourteen months.",),
    ("Employee handbook", "Parental leave"),
)
ELIGIBLE = Exchange(
    "Who can take parental leave?",
    ("All staff with a permanent contract can take parental leave.",),
    ("Employee handbook", "Parental leave"),
)
PUMP = Exchange("What does the HX-40 weigh?", ("The pump weighs 14 kg.",), ("Pump manual", "Technical data"))
FERRIES = Exchange(
    "Which ferries sail to Norholm?",
    ("Two ferries sail to Norholm: the Astrid and the Berta.",),
    ("Ferries of the north coast", "Routes"),
)
FORMS = Exchange(
    "Which papers do I need?",
    ("Two papers are needed: the travel form and the expense form.",),
    ("Travel rules", "Before you go"),
)
PAINTER = Exchange(
    "Who was Anna Berg?", ("Anna Berg was a painter who worked in Norholm.",), ("Anna Berg (painter)", "Life")
)
PRIZE = Exchange("Which prize did Anna Berg win?", ("She won the prize of the city in 1931.",), ("Anna Berg", "Prizes"))
CHOIR = Exchange(
    "Did the Harbour Choir win the cup?", ("The Harbour Choir won the cup in 1987.",), ("Harbour Choir", "History")
)
RECORD = Exchange(
    "What was the first album of the Harbour Choir?", ('It was called "Low Tide".',), ("Harbour Choir", "Records")
)
NOTHING = Exchange("Who chairs the board of ASML?")
OPENED = Exchange("", topics=("Anna Berg (painter)", "Life"))

FOLLOW_UPS = {
    # The four of which the others are variations.
    "ellipsis of a place": ([COUNCIL], "and in South Korea?", "Which council discusses chips in South Korea?"),
    "he and that": ([VIDEO], "When did he say that?", "When did Breton say that about artificial intelligence?"),
    "why alone": ([CONTROLS], "why?", "Why did the Netherlands announce new export controls?"),
    "the second of a list": ([FERRIES], "what about the second one?", "What is said about the Berta?"),
    # He, she, they, it.
    "she": ([PAINTER], "Where was she born?", "Where was Anna Berg born?"),
    "her, owned": ([PAINTER], "Who was her teacher?", "Who was Anna Berg's teacher?"),
    "her, not owned": ([PAINTER], "Who taught her?", "Who taught Anna Berg?"),
    "his": ([CHIEF], "What is his title?", "What is Thierry Breton's title?"),
    "he from the quote": ([CHIEF], "Where did he speak?", "Where did Thierry Breton speak?"),
    "he at the beginning": ([CHIEF], "He spoke where?", "Thierry Breton spoke where?"),
    "contraction": ([PAINTER], "Where's she from?", "Where's Anna Berg from?"),
    "they, written short": ([CHOIR], "Where they're from?", "Where the Harbour Choir are from?"),
    "they, a group": ([CHOIR], "Did they win again?", "Did the Harbour Choir win again?"),
    "they, who was asked for": ([BUYER], "When did they meet?", "When did the fund meet (JSR)?"),
    "they, plural": ([FERRIES], "When do they leave?", "When do the two ferries leave?"),
    "they, staff": ([ELIGIBLE], "How do they apply?", "How do the staff apply (parental leave)?"),
    "it, a name": ([BUYER], "Where is it?", "Where is JSR?"),
    "it, a noun": ([LEAVE], "Is it paid?", "Is parental leave paid?"),
    "it, with its article": ([PUMP], "How loud is it?", "How loud is the HX-40?"),
    "its": ([PUMP], "What is its voltage?", "What is the HX-40's voltage?"),
    "once is enough": ([PAINTER], "Did she sell her house?", "Did Anna Berg sell her house?"),
    "only what is free": (
        [PAINTER],
        "Did Ben Holm sell it when he left her?",
        "Did Ben Holm sell it when he left Anna Berg?",
    ),
    "topic before the first answer": ([OPENED], "When did she die?", "When did Anna Berg die?"),
    "topic from before": ([PAINTER, NOTHING], "Where did she live?", "Where did Anna Berg live?"),
    # There, then, that year.
    "there": ([PAINTER], "How long did she live there?", "How long did Anna Berg live in Norholm?"),
    "to there": ([FERRIES], "How do I get there?", "How do I get to Norholm?"),
    "who was there": ([FERRIES], "Who was there?", "Who was in Norholm?"),
    "that year": ([CHOIR], "Who else sang that year?", "Who else sang in 1987 (Harbour Choir)?"),
    "in that year": ([PRIZE], "What did she paint in that year?", "What did Anna Berg paint in 1931?"),
    # That and this.
    "propose that": ([BUYER], "When did they propose that?", "When did the fund propose to buy JSR?"),
    "do that": ([CONTROLS], "When did they do that?", "When did the Netherlands announce new export controls?"),
    "do so, by who was asked for": ([BUYER], "Why did they do so?", "Why did the fund propose to buy JSR?"),
    "that in the open": (
        [LEAVE],
        "Does that include weekends?",
        "Does that include weekends (parental leave, Germany)?",
    ),
    "this with a noun": ([PAINTER], "Was this style common?", "Was this style common (Anna Berg)?"),
    "this article": ([PAINTER], "What else is in this article?", "What else is about Anna Berg?"),
    # What was named without a name.
    "a noun spoken of": ([CHOIR], "How large is the cup?", "How large is the cup (Harbour Choir)?"),
    "the album": ([RECORD], "When was the album released?", "When was the album Low Tide released?"),
    "the second one, inside": ([FERRIES], "When does the second one leave?", "When does the Berta leave?"),
    "the first of a list without names": ([FORMS], "Who signs the first one?", "Who signs the travel form (papers)?"),
    "else": ([PAINTER], "What else happened?", "What else happened (Anna Berg)?"),
    "any": ([PAINTER], "Any awards?", "Any awards (Anna Berg)?"),
    # Most of the question left out.
    "when alone": ([CHOIR], "When?", "When did the Harbour Choir win the cup?"),
    "when was that": ([CHOIR], "When was that?", "When did the Harbour Choir win the cup?"),
    "what about a name, for one in brackets": (
        [BUYER, Exchange("How much did the fund offer (JSR)?", (), ())],
        "What about the Netherlands?",
        "How much did the fund offer (the Netherlands)?",
    ),
    "why, of who was asked for": ([BUYER], "Why?", "Why did the fund propose to buy JSR?"),
    "why, with a gap": ([VIDEO], "why?", "Why did Breton say that about artificial intelligence?"),
    "how, with an auxiliary": ([ELIGIBLE], "how?", "How can the staff take parental leave?"),
    "since": (
        [CHIEF],
        "since when?",
        "Since when does Thierry Breton lead industry policy at the European Union?",
    ),
    "for how much": ([BUYER], "and for how much?", "For how much did the fund propose to buy JSR?"),
    "who else": ([BUYER], "Who else?", "Who else proposed to buy JSR?"),
    "anything else": ([PAINTER], "Anything else?", "What else is there about Anna Berg?"),
    "and in a year": ([CHOIR], "and in 1988?", "Did the Harbour Choir win the cup in 1988?"),
    "and in a country": ([LEAVE], "and in France?", "How many days of parental leave are there in France?"),
    "and about": ([VIDEO], "and about chips?", "What did Breton say about chips?"),
    "what about a name": ([LEAVE], "What about Austria?", "How many days of parental leave are there in Austria?"),
    "the same noun": (
        [LEAVE],
        "what about sick leave?",
        "How many days of sick leave are there in Germany?",
    ),
    "what about who": ([ELIGIBLE], "What about part-time staff?", "Can part-time staff take parental leave?"),
    "what about its": ([PUMP], "What about its voltage?", "What is said about the HX-40's voltage?"),
    "and a noun": ([ELIGIBLE], "and freelancers?", "Can freelancers take parental leave?"),
}


@pytest.mark.parametrize(("history", "question", "expected"), FOLLOW_UPS.values(), ids=FOLLOW_UPS)
def test_a_follow_up_is_made_to_stand_alone(history: list[Exchange], question: str, expected: str) -> None:
    assert stand_alone(question, history) == expected


COMPLETE = [
    "What does it mean to be a member of the council?",
    "Is it legal to record a call?",
    "Is it true that the tower was moved?",
    "How long does it take to get a refund?",
    "How much does it cost to ship a parcel to Norway?",
    "What time is it in Tokyo?",
    "Is it raining in Oslo?",
    "Is it possible to cancel an order after it was shipped?",
    "Does it say how many rooms the house has?",
    "Are there any discounts for students?",
    "Is there a canteen in the building?",
    "How many rooms are there in the guest house?",
    "What was there before the bridge was built?",
    "Who said that the moon is made of cheese?",
    "Does the law say that minors may vote?",
    "What is the name of the man that built the lighthouse?",
    "Which of these days is a public holiday?",
    "What is planned for this week?",
    "How many people work here these days?",
    "Who is the mayor of Aldermouth and when was she elected?",
    "When did Ben Holm sell his house?",
    "Why did the town sell its van?",
    "When was Ben Holm born and where did he die?",
    "What did Ben Holm say when he was asked?",
    "What do employees have to do before they leave?",
    "How do I reset my password if I have forgotten it?",
    "Can a manager refuse a request once it was approved?",
    "What happens if a payment is late?",
    "What is the capital of France?",
    "How long is the notice period?",
    "When does the canteen open?",
    "Why is the sky blue?",
    "How are bricks made?",
    "What is a lighthouse?",
    "Where can I park my bicycle?",
    "How do I claim travel expenses?",
    "Which form do I need for a business trip?",
    "What is the difference between a council and a committee?",
    "What are the opening hours of the library?",
    "Does the company pay for parking?",
    "Who may approve an order over 5,000 euros?",
    "Is smoking allowed in the yard?",
    "In what year did the Berlin Wall fall?",
    "To whom does the castle of Aldermouth belong?",
    "Tell me about the history of Aldermouth.",
    "What else does the travel policy cover?",
    "Which other languages are spoken in Switzerland?",
    "Was Napoleon the one who sold Louisiana?",
    "And how is the weather in Oslo?",
    "bicycle parking",
]


@pytest.mark.parametrize("question", COMPLETE)
def test_a_complete_question_stays_as_it_is_whatever_was_asked_before(question: str) -> None:
    for history in ([BUYER], [BUYER, VIDEO], [LEAVE], [PUMP], [FERRIES], [PAINTER], [CHOIR], [CONTROLS], [OPENED]):
        assert stand_alone(question, history) == question


@pytest.mark.parametrize(
    "question",
    [
        pytest.param("Wie viele Tage Urlaub gibt es?", id="German"),
        pytest.param("Und in Südkorea?", id="German ellipsis"),
        pytest.param("Wo kommt er her?", id="a German word that is an English pronoun"),
        pytest.param("Warum?", id="German why"),
        pytest.param("Quand est-il né?", id="French"),
        pytest.param("¿Dónde nació ella?", id="Spanish"),
        pytest.param("Когда он это сказал?", id="Russian"),
        pytest.param("彼はいつそれを言いましたか。", id="Japanese"),
        pytest.param("?", id="a mark"),
        pytest.param("...", id="marks"),
        pytest.param("", id="nothing"),
    ],
)
def test_what_is_not_english_stays_as_it_is(question: str) -> None:
    assert stand_alone(question, [PAINTER]) == question


@pytest.mark.parametrize("question", ["why?", "When did he say that?", "And in South Korea?", "Who else?"])
@pytest.mark.parametrize(
    "history", [[], [Exchange("")], [Exchange("", ("",), ("",))]], ids=["none", "empty", "all empty"]
)
def test_nothing_is_made_of_nothing(question: str, history: list[Exchange]) -> None:
    assert stand_alone(question, history) == question


def test_a_headline_is_nobody() -> None:
    """The title is no name, and no person was named: "he" cannot be known."""
    history = [Exchange("Which ties are weighed?", ("The ties in technology are weighed.",), MEMO)]
    assert "Europe" not in stand_alone("When did he say so?", history)


def test_the_name_that_was_spoken_of_last_is_meant() -> None:
    told = Exchange("When did Ben Holm leave?", ("Ben Holm left in May.",), ("Ben Holm", "Life"))
    assert stand_alone("Why did he go?", [CHIEF, told]) == "Why did Ben Holm go?"
    assert stand_alone("Why did he go?", [told, CHIEF]) == "Why did Thierry Breton go?"


def test_she_is_not_a_man() -> None:
    married = Exchange("Whom did Ben Holm marry?", ("Ben Holm married Anna Berg.",), ("Ben Holm", "Life"))
    assert stand_alone("Where was she born?", [married]) == "Where was Anna Berg born?"
    assert stand_alone("Where was he born?", [married]) == "Where was Ben Holm born?"


def test_it_is_not_a_person() -> None:
    assert stand_alone("Was it expensive?", [PAINTER]) == "Was it expensive (Anna Berg)?"


WORDS = [
    "who",
    "what",
    "when",
    "why",
    "how",
    "did",
    "is",
    "was",
    "are",
    "there",
    "he",
    "she",
    "it",
    "they",
    "his",
    "her",
    "them",
    "that",
    "this",
    "the",
    "second",
    "one",
    "band",
    "album",
    "and",
    "in",
    "about",
    "else",
    "any",
    "Anna",
    "Berg",
    "JSR",
    "Norholm",
    "1987",
    "say",
    "do",
    "win",
    "(",
    ")",
    "'",
    '"',
    "?",
    ",",
    ".",
    "'s",
]
QUESTIONS = st.one_of(
    st.text(max_size=60),
    st.sampled_from([question for _, question, _ in FOLLOW_UPS.values()]),
    st.lists(
        st.sampled_from(WORDS),
        max_size=14,
    ).map(" ".join),
)
EXCHANGES = st.one_of(
    st.builds(
        Exchange,
        QUESTIONS,
        st.lists(QUESTIONS, max_size=2).map(tuple),
        st.lists(st.text(max_size=30), max_size=2).map(tuple),
    ),
    st.sampled_from([BUYER, VIDEO, CHIEF, LEAVE, FERRIES, PAINTER, CHOIR, RECORD, OPENED]),
)


@given(QUESTIONS, st.lists(EXCHANGES, max_size=3))
def test_what_stands_alone_already_stays_as_it_is(question: str, history: list[Exchange]) -> None:
    once = stand_alone(question, history)
    assert stand_alone(once, history) == once


@given(QUESTIONS, st.lists(EXCHANGES, min_size=1, max_size=3))
def test_a_question_is_never_made_empty_or_longer_without_end(question: str, history: list[Exchange]) -> None:
    made = stand_alone(question, history)
    assert bool(made.strip()) == bool(question.strip())
    assert (
        len(made) <= len(question) + sum(len(e.question) + sum(map(len, (*e.quotes, *e.topics))) for e in history) + 80
    )


HOSTILE = {
    "that": "that ",
    "the": "the ",
    "names": "Aa Bb of ",
    "any": "any aa ",
    "apostrophes": "'s",
    "dots": "A.",
    "and": "and ",
    "quotation marks": '"A',
    "parentheses": "(a",
    "there": "is there ",
    "combining": "a\u0301",
    "of the": "Aa of the ",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_time_grows_no_faster_than_the_text(piece: str) -> None:
    """Four times the text may take twelve times as long, not sixteen or more."""

    def fill_in(characters: int, number: int) -> None:
        text = f"Who is {number} {piece * 1_000}"[:characters]
        stand_alone(text, [Exchange(text, (text,), (text,))] * 4)

    grows_at_most(12, partial(fill_in, 250), partial(fill_in, 1_000))


POINTING = {"the band": "the band ", "verb it": "lift it, ", "they": "they ", "her": "her zorg, "}


@pytest.mark.parametrize("piece", POINTING.values(), ids=POINTING)
def test_each_word_that_points_back_does_not_read_the_history_again(piece: str) -> None:
    """Counted in calls, not in seconds: how many more a history of the longest texts takes than one of short texts."""
    sentence = "Who said of the Works that A Band lost the coin? "
    long, short = ([Exchange(text, (text,) * 3, (text,) * 4)] * 5 for text in ((sentence * 30)[:1_000], sentence))

    def calls(times: int, history: list[Exchange]) -> int:
        count = 0

        def note(_frame: FrameType, event: str, _argument: object) -> None:
            nonlocal count
            count += event == "call"

        sys.setprofile(note)
        try:
            stand_alone("Who saw " + piece * times, history)
        finally:
            sys.setprofile(None)
        return count

    def for_history(times: int) -> int:
        return calls(times, long) - calls(times, short)

    for_history(1)  # what is remembered of words is remembered
    assert for_history(100) < 3 * for_history(1)


def test_of_a_long_history_the_newest_eight_thousand_characters_are_looked_at() -> None:
    long = "nothing " * 124
    newer = [Exchange(long, (long,) * 3, (long,) * 4)] * 2
    assert stand_alone("Where was she born?", [PAINTER, *newer]) == "Where was she born?"
    assert stand_alone("Where was she born?", [*newer, PAINTER]) == "Where was Anna Berg born?"
