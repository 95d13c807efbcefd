"""Parse search queries: words, "phrases", -exclusions, and conditions on what stands where, when and how.

A query is a list of clauses with white space or punctuation between them:

    clause    = ["-"] , ( counted | size | shape | date | colour | link ) ;
    counted   = term , [ sign , number ] ;                      dog   "traffic light">=2
    sign      = ">=" | "<=" | ">" | "<" | "=" ;
    link      = relation , ":" , term ;                         person left-of:dog right-of:cat
    relation  = "left-of" | "right-of" | "above" | "below" | "inside" ;
    size      = ( "big" | "small" ) , ":" , term ;
    shape     = "is:" , ( "portrait" | "landscape" | "square" ) ;
    date      = ( "after" | "before" | "on" ) , ":" , year , [ "-" , month , [ "-" , day ] ] ;
    colour    = ( "color" | "colour" ) , ":" , name ;
    term      = word | phrase ;
    word      = letters or digits, with single ' or - between them ;
    phrase    = '"' , word , { word } , '"' ;

Links belong to the term before them, all to the same one. A minus before a link leaves out photos where it holds; a
minus before the term leaves out photos where it holds with all its links. Upper and lower case are alike.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from app.errors import QueryError
from app.text.clauses import Clause, Counted, LinkClause, read_clauses
from app.text.query_tree import Condition, CountCondition, PlaceCondition, Query, Term, terms_of, wanted_terms
from app.text.scanner import Scanner

__all__ = ["MAX_CHARS", "STOP_WORDS", "Condition", "Query", "Term", "parse_query", "terms_of"]

MAX_CHARS = 500
LONGEST_COLLOCATION = 3
_STOP_WORDS = """
    a an and any are as at be by for from has have i in into is it its me my near of on or our over photo
    photos picture pictures image images show some that the their them there this to under very was were what
    where which while who with your
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())


def parse_query(
    text: str, is_collocation: Callable[[str], bool] = lambda _: False, max_chars: int = MAX_CHARS
) -> Query:
    """Parse a query; neighbouring words for which `is_collocation("hot dog")` holds become one term.

    Words like "the" are left out unless nothing else is there. Raise QueryError, with the position, for a
    query that is empty, longer than `max_chars`, or that can't be understood.
    """
    if len(text) > max_chars:
        raise QueryError(
            f"The query is {len(text)} characters long; {max_chars} are the most. Use fewer words.",
            position=max_chars,
        )
    query = _assembled(_join_collocations(list(read_clauses(Scanner(text))), is_collocation))
    if not (query.terms or query.exclusions or query.conditions):
        raise QueryError("The query has no words. Type what the photos should show.", position=0)
    return query


def _join_collocations(clauses: list[Clause], is_collocation: Callable[[str], bool]) -> list[Clause]:
    """Make one clause of neighbours that mean something together, the longest first."""
    joined: list[Clause] = []
    place = 0
    while place < len(clauses):
        size = next(
            size
            for size in range(LONGEST_COLLOCATION, 0, -1)
            if _belong_together(clauses[place : place + size], size, is_collocation)
        )
        joined.append(_joined(clauses[place : place + size]))
        place += size
    return joined


def _belong_together(run: list[Clause], size: int, is_collocation: Callable[[str], bool]) -> bool:
    if size == 1:
        return True
    first, *others = run
    if len(run) < size or not isinstance(first, Counted) or first.excluded or first.term.quoted:
        return False
    if not all(isinstance(clause, Counted) and clause.joins_previous for clause in others):
        return False
    return is_collocation(" ".join(clause.term.text for clause in run if isinstance(clause, Counted)))


def _joined(run: list[Clause]) -> Clause:
    first, last = run[0], run[-1]
    if not isinstance(first, Counted) or not isinstance(last, Counted):
        return first
    words = tuple(word for clause in run if isinstance(clause, Counted) for word in clause.term.words)
    term = replace(first.term, words=words)
    return replace(first, term=term, sign=last.sign, number=last.number)


def _assembled(clauses: Sequence[Clause]) -> Query:
    """Sort the clauses into terms, exclusions and conditions."""
    plain: list[Counted] = []
    conditions: list[Condition] = []
    for clause, links in _with_links(clauses):
        if not isinstance(clause, Counted):
            conditions.append(clause)
            continue
        if clause.sign is not None:
            conditions.append(CountCondition(clause.term, clause.sign, clause.number, clause.excluded))
        elif all(link.excluded for link in links):
            plain.append(clause)
        conditions += _places(clause, links)
    meaningful = [clause for clause in plain if clause.term.quoted or clause.term.text not in STOP_WORDS]
    if not conditions:
        meaningful = meaningful or plain
    return Query(
        terms=_terms((clause.term for clause in meaningful if not clause.excluded), conditions),
        exclusions=tuple(clause.term for clause in meaningful if clause.excluded),
        conditions=tuple(conditions),
    )


def _with_links(clauses: Iterable[Clause]) -> list[tuple[Counted | Condition, list[LinkClause]]]:
    """Return each clause that is no link with the links that follow it; raise QueryError for a link of nothing."""
    groups: list[tuple[Counted | Condition, list[LinkClause]]] = []
    for clause in clauses:
        if not isinstance(clause, LinkClause):
            groups.append((clause, []))
        elif groups and _can_be_subject(groups[-1][0]):
            _check_minus(groups[-1][0], clause)
            groups[-1][1].append(clause)
        else:
            key = clause.link.relation
            raise QueryError(
                f'{key}: needs the word or "phrase" that it is about right before it, as in person {key}:dog.',
                position=clause.position,
            )
    return groups


def _can_be_subject(clause: Counted | Condition) -> bool:
    if not isinstance(clause, Counted) or clause.sign is not None:
        return False
    return clause.term.quoted or clause.term.text not in STOP_WORDS


def _check_minus(subject: Counted | Condition, link: LinkClause) -> None:
    if link.excluded and isinstance(subject, Counted) and subject.excluded:
        raise QueryError(
            "One minus is enough: before the first word it leaves out photos where all of it holds, before "
            f"{link.link.relation}: photos where this holds. Take one of them away.",
            position=link.position,
        )


def _places(subject: Counted, links: Sequence[LinkClause]) -> list[PlaceCondition]:
    """Return one condition for what must hold together, and one for each link that must not hold."""
    together = tuple(clause.link for clause in links if not clause.excluded)
    places = [PlaceCondition(subject.term, together, subject.excluded)] if together else []
    return places + [PlaceCondition(subject.term, (clause.link,), True) for clause in links if clause.excluded]


def _terms(plain: Iterable[Term], conditions: Sequence[Condition]) -> tuple[Term, ...]:
    """Return the plain terms and those that conditions want, each once, as they stand in the query."""
    terms = list(plain)
    for term in (term for condition in conditions for term in wanted_terms(condition)):
        if all(term.words != other.words for other in terms):
            terms.append(term)
    return tuple(sorted(terms, key=lambda term: term.position))
