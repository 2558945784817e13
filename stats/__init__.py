"""The mathematics: plain numbers and frozen sums in, frozen results out.

At the root stand the values that every room speaks: `moments` (what comes in), `estimates`, `comparison` and `regions`
(what goes out), with `checks` and `tails` under them. The rooms are the questions:

- `arms`: are two arms of independent calls different, within agents, and at which step of the funnel?
- `clusters`: and when whole agents, teams or shifts were dealt?
- `looking`: what may be read before the end, and what is it worth at a stop?
- `families`: what when several challengers or metrics share one alpha?
- `segments`: does the effect differ between segments that were declared?
- `adjusting`: what was known of each unit before?
- `compliance`: what was said, of what was served?
- `soundness`: can the data be read at all?
- `sizing`: how many calls does it take?
- `control`: is a rate that was once shown to be good still what it was?
- `pooling`: what do many experiments say together, and which comes next?
- `bayes`: the same data in the words of belief.

Conventions, the same in code, API and pages. Differences are challenger minus control. Tests are two-sided unless a
plan says otherwise; alpha is spent per tail, and power counts the right direction only. Proportions are planned with
the pooled variance without effect and the unpooled with it; Miettinen and Nurminen's statistic carries N / (N - 1);
Fisher's two-sided p sums the tables no likelier than the observed. Bonferroni and Dunnett count challengers, not arms.
Clustered variance is CR2 with Satterthwaite's degrees of freedom. Cochran, Mantel and Haenszel's test says whether it
is corrected. Random effects are REML's. Intervals are equal-tailed, but for the exact ones of small cells, which invert
one two-sided test.

Nothing here knows of scripts, databases or time; nothing of the project is imported; no row, frame or table crosses the
border. What is not known is `nan` or `None`, never a polite 0 or 1.
"""
