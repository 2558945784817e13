"""Who is let in: conditions on a call's facts, in GrowthBook's Mongo-like syntax, spec 0.8.0.

``{"caller_relation": {"$in": ["self", "spouse"]}, "tenure.years": {"$gte": 2}}`` — every entry must hold. A key is a
dotted path or one of ``$and $or $nor $not``; a value is a literal or an object of operators
(https://docs.growthbook.io/lib/build-your-own#evaluating-conditions).

GrowthBook's own libraries disagree where types meet (JavaScript converts everything, Python 4 nothing). Ours:

- strings and numbers convert into each other, as in JavaScript: ``"8" > 5``, and the literal 8 matches ``"8"``;
  a blank, hexadecimal or infinite string is not a number. ``$eq $ne $in $nin $ini $nini`` convert nothing.
- nothing else converts: a missing fact (absent or null) satisfies no ordering, equals only null, and passes only
  what denies (``$ne $nin $nini $vne $not $nor``), ``{"$exists": false}``, ``{"$type": "null"}`` and null in a list.
- objects are equal whatever the order of their keys, since facts are stored as canonical JSON.
- a text longer than 256 characters matches no regular expression.

A condition is refused by `checking.check_condition` when written; `conditions.compiled` takes one that passed. Nothing
here knows what a fact means.
"""
