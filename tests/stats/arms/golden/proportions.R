# Two proportions by other means: Fisher's test, intervals of one rate, and score intervals found with numerical maximum
# likelihood. Nothing but base R and Debian's r-cran-jsonlite.  Rscript proportions.R > proportions.json
suppressMessages(library(jsonlite))

tables <- list( # control n, x; challenger n, x
  newcombe = c(80, 48, 70, 56), many = c(5000, 400, 7000, 700), rare = c(2000, 3, 1000, 20),
  unequal = c(300, 30, 90, 18), empty = c(40, 0, 40, 6), full = c(20, 20, 30, 24)
)

map <- list(
  difference = function(p, v) p + v,
  ratio = function(p, v) p * v,
  odds = function(p, v) v * p / (1 - p + v * p)
)

loglik <- function(x, n, p) dbinom(x, n, min(max(p, 0), 1), log = TRUE)

likeliest <- function(t, v, scale) {
  f <- map[[scale]]
  range <- switch(scale, difference = c(max(0, -v), min(1, 1 - v)), ratio = c(0, min(1, 1 / v)), odds = c(0, 1))
  against <- function(p) max(-1e9, loglik(t[2], t[1], p) + loglik(t[4], t[3], f(p, v)))
  optimize(against, range, maximum = TRUE, tol = 1e-12)$maximum
}

squared <- function(t, v, scale) { # Miettinen & Nurminen, with N / (N - 1)
  p <- likeliest(t, v, scale)
  q <- map[[scale]](p, v)
  a <- t[2] / t[1]
  b <- t[4] / t[3]
  vp <- p * (1 - p) / t[1]
  vq <- q * (1 - q) / t[3]
  n <- t[1] + t[3]
  raw <- switch(scale,
    difference = (b - a - v)^2 / (vp + vq),
    ratio = (b - v * a)^2 / (v^2 * vp + vq),
    odds = (t[4] - t[3] * q)^2 * (1 / (t[1]^2 * vp) + 1 / (t[3]^2 * vq))
  )
  raw * (n - 1) / n
}

interval <- function(t, scale) {
  a <- t[2] / t[1]
  b <- t[4] / t[3]
  seen <- switch(scale, difference = b - a, ratio = b / a, odds = b / (1 - b) * (1 - a) / a)
  excess <- function(v) squared(t, v, scale) - qnorm(0.975)^2
  ends <- if (scale == "difference") c(-0.999, 0.999) else c(seen / 50, seen * 50)
  c(uniroot(excess, c(ends[1], seen), tol = 1e-10)$root, uniroot(excess, c(seen, ends[2]), tol = 1e-10)$root)
}

of <- function(t) {
  inner <- all(t[c(2, 4)] > 0, t[c(2, 4)] < t[c(1, 3)])
  list(
    control = t[1:2], challenger = t[3:4],
    fisher = fisher.test(matrix(c(t[2], t[1] - t[2], t[4], t[3] - t[4]), 2))$p.value,
    clopper_pearson = as.numeric(binom.test(t[4], t[3])$conf.int),
    wilson = as.numeric(prop.test(t[4], t[3], correct = FALSE)$conf.int),
    wald = as.numeric(suppressWarnings(prop.test(t[c(4, 2)], t[c(3, 1)], correct = FALSE)$conf.int)),
    difference = if (inner) interval(t, "difference"),
    ratio = if (inner) interval(t, "ratio"),
    odds = if (inner) interval(t, "odds")
  )
}

cat(toJSON(lapply(tables, of), digits = 12, auto_unbox = TRUE, null = "null", pretty = TRUE), "\n")
