"""The questions a rule may ask of a subject's statements.

A check is a module of this package with one function, named like the module, and one flag::

    ABSENCE: bool       True: what it flags is that something is *not* stated; a gap then leaves it open
    def missing(subject: Subject, *, keys: tuple[str, ...]) -> Iterator[Evidence]

The parameters after ``*`` are the rule's ``with`` table, checked against this signature when the rule
file is read. A check is pure: it sees statements and gaps alone, and yields evidence in a stable order.
"""
