"""Is a rate that was once shown to be good still what it was? Charts of daily counts against a baseline.

Here stand the baseline with its weekdays and its spread, the chart with limits for each day's calls, run rules, the
cumulative sum designed for a change of the odds, and the exponentially weighted mean, with the run length of each.
Never: a comparison of two arms (days are not dealt, so that what a chart finds is a question and no effect); limits
narrower than independent calls would have them.
"""
