"""Put the words in a query right that are clearly misspelled, and say what was done."""

from dataclasses import replace

from app.text.query_tree import Query, Term, terms_of, with_terms
from app.text.word_vectors import WordVectors


def all_terms(query: Query) -> tuple[Term, ...]:
    """Return all terms of a query, those of its conditions included."""
    in_conditions = (term for condition in query.conditions for term in terms_of(condition))
    return (*query.terms, *query.exclusions, *in_conditions)


def unknown_words(query: Query, words: WordVectors) -> tuple[str, ...]:
    """Return the words without a vector, each once, save those of a collocation that has one of its own."""
    unknown = (
        word
        for term in all_terms(query)
        if not words.known(term.text)
        for word in term.words
        if not words.known(word)
    )
    return tuple(dict.fromkeys(unknown))


def corrected(query: Query, words: WordVectors) -> tuple[Query, tuple[str, ...]]:
    """Return the query with its misspelled words put right, and a sentence on each."""
    found = {word: words.correction(word) for word in unknown_words(query, words)}
    meant = {word: correction.split(" ") for word, correction in found.items() if correction is not None}
    if not meant:
        return query, ()

    def change(term: Term) -> Term:
        if words.known(term.text):
            return term
        return replace(term, words=tuple(part for word in term.words for part in meant.get(word, [word])))

    return with_terms(query, change), tuple(_notice(word, " ".join(parts)) for word, parts in meant.items())


def _notice(word: str, meant: str) -> str:
    return f"Showing results for “{meant}”: “{word}” is not a word that the gallery knows."
