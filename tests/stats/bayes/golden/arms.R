# Beta beliefs of several arms by R's own integrate(), pbeta and dbeta: chance of being best, expected loss, intervals.
# Debian: apt-get install r-base-core r-cran-jsonlite.  Rscript arms.R > arms.json
suppressMessages(library(jsonlite))

cases <- list(
  three = list(n = c(400, 380, 410), y = c(80, 95, 78)),
  empty = list(n = c(40, 40), y = c(0, 6)),
  unequal = list(n = c(9000, 900, 120, 15), y = c(1800, 190, 27, 2))
)

judged <- function(case) {
  a <- case$y + 0.5; b <- case$n - case$y + 0.5
  whole <- function(f) { # split where the arms lie: integrate() loses narrow peaks
    cuts <- sort(unique(c(0, 1, as.vector(mapply(function(a, b) qbeta(c(1e-12, 1e-4, 0.05, 0.5, 0.95, 1 - 1e-4, 1 - 1e-12), a, b), a, b)))))
    sum(mapply(function(from, to) integrate(f, from, to, rel.tol = 1e-10, stop.on.error = FALSE)$value, head(cuts, -1), tail(cuts, -1)))
  }
  others <- function(x, i) { p <- 1; for (j in seq_along(a)[-i]) p <- p * pbeta(x, a[j], b[j]); p }
  list(
    best = sapply(seq_along(a), function(i) whole(function(x) dbeta(x, a[i], b[i]) * others(x, i))),
    loss = sapply(seq_along(a), function(i) whole(function(x) pbeta(x, a[i], b[i]) * (1 - others(x, i)))),
    low = qbeta(0.025, a, b), high = qbeta(0.975, a, b)
  )
}

# the second arm against the first: ends of the intervals of the difference and of the lift
compared <- function(case) {
  a <- case$y + 0.5; b <- case$n - case$y + 0.5
  cuts <- qbeta(c(0, 1e-12, 1e-6, 0.01, 0.2, 0.5, 0.8, 0.99, 1 - 1e-6, 1 - 1e-12, 1), a[1], b[1])
  below <- function(limit) sum(mapply(function(from, to)
    integrate(function(x) dbeta(x, a[1], b[1]) * pbeta(limit(x), a[2], b[2]), from, to, rel.tol = 1e-10, stop.on.error = FALSE)$value,
    head(cuts, -1), tail(cuts, -1)))
  end <- function(tail) uniroot(function(d) below(function(x) x + d) - tail, c(-1, 1), tol = 1e-12)$root
  lift <- function(tail) exp(uniroot(function(l) below(function(x) x * exp(l)) - tail, c(-5, 5), tol = 1e-12)$root) - 1
  list(low = end(0.025), high = end(0.975), relative = lift(0.5), relative_low = lift(0.025), relative_high = lift(0.975))
}

found <- lapply(cases, function(case) c(case, list(arms = judged(case), pair = if (case$y[1] > 0) compared(case))))
cat(toJSON(found, auto_unbox = TRUE, digits = 12, null = "null", pretty = TRUE), "\n")
