# What rpact says of planned looks, and mvtnorm of the stage-wise order of outcomes.
# Debian: apt-get install r-cran-rpact r-cran-mvtnorm r-cran-jsonlite.  Rscript planned_looks.R > planned_looks.json
suppressMessages({library(rpact); library(mvtnorm)})

designs <- list(
  list(name = "obf5", spending = "asOF", gamma = NA, sides = 2, alpha = 0.05, fractions = c(0.2, 0.4, 0.6, 0.8, 1)),
  list(name = "pocock5", spending = "asP", gamma = NA, sides = 2, alpha = 0.05, fractions = c(0.2, 0.4, 0.6, 0.8, 1)),
  list(name = "obf one-sided", spending = "asOF", gamma = NA, sides = 1, alpha = 0.025, fractions = c(0.3, 0.55, 1)),
  list(name = "pocock uneven", spending = "asP", gamma = NA, sides = 1, alpha = 0.05, fractions = c(0.13, 0.2, 0.71, 1)),
  list(name = "hsd -4", spending = "asHSD", gamma = -4, sides = 2, alpha = 0.05, fractions = c(0.25, 0.5, 0.75, 1)),
  list(name = "hsd -2 uneven", spending = "asHSD", gamma = -2, sides = 1, alpha = 0.025, fractions = c(0.4, 0.5, 0.9, 1)),
  list(name = "hsd 0", spending = "asHSD", gamma = 0, sides = 1, alpha = 0.025, fractions = c(0.5, 1)),
  list(name = "hsd 1", spending = "asHSD", gamma = 1, sides = 2, alpha = 0.1, fractions = c(0.2, 0.7, 1))
)

design <- function(d) {
  known <- list(kMax = length(d$fractions), alpha = d$alpha, beta = 0.1, sided = d$sides,
    informationRates = d$fractions, typeOfDesign = d$spending, tolerance = 1e-10)
  if (!is.na(d$gamma)) known$gammaA <- d$gamma
  do.call(getDesignGroupSequential, known)
}

planned <- lapply(designs, function(d) {
  made <- design(d)
  like <- getDesignCharacteristics(made)
  drift <- 2.5
  seen <- getPowerAndAverageSampleNumber(made, theta = drift / 10, nMax = 100)
  list(name = d$name, spending = d$spending, gamma = d$gamma, sides = d$sides, alpha = d$alpha,
    fractions = d$fractions, z = made$criticalValues, spent = made$alphaSpent,
    inflation = like$inflationFactor, drift = sqrt(like$shift), expected_h1 = like$averageSampleNumber1,
    at_2_5 = as.numeric(seen$overallReject), expected_at_2_5 = as.numeric(seen$averageSampleNumber) / 100)
})

# rpact's end of a one-sided test of one mean with n patients a look, at a standard deviation of 1 (normal: t is large)
ends <- list(
  list(fractions = c(0.25, 0.5, 0.75, 1), spending = "asOF", gamma = NA, means = c(0.2, 0.3), n = 100),
  list(fractions = c(0.25, 0.5, 0.75, 1), spending = "asP", gamma = NA, means = c(0.11, 0.09, 0.25), n = 100),
  list(fractions = c(0.25, 0.5, 0.75, 1), spending = "asHSD", gamma = -2, means = c(0.05, 0.04, 0.03, 0.05), n = 100),
  list(fractions = c(0.25, 0.5, 0.75, 1), spending = "asOF", gamma = NA, means = c(0.05, 0.09, 0.13, 0.2), n = 100)
)
ended <- lapply(ends, function(e) {
  d <- design(c(e, list(sides = 1, alpha = 0.025)))
  looks <- length(e$means)
  data <- getDataset(n = rep(e$n, looks), means = e$means, stDevs = rep(1, looks))
  stage <- getStageResults(d, data, normalApproximation = TRUE, stage = looks)
  ci <- getFinalConfidenceInterval(d, data, normalApproximation = TRUE, stage = looks)
  p <- getFinalPValue(stage)
  list(fractions = e$fractions[seq_len(looks)], spending = e$spending, gamma = e$gamma, sides = 1, alpha = 0.025,
    difference = mean(e$means), standard_error = stage$overallStDevs[looks] / sqrt(e$n * looks),
    final_stage = ci$finalStage, p = p$pFinal, median = ci$medianUnbiased, interval = ci$finalConfidenceInterval)
})

# The order itself by multivariate normal integrals (Genz), two-sided, at any drift
upper_tail <- function(t, b, z, drift, sides) {
  k <- length(t)
  chance <- function(lower, upper) {
    m <- length(lower)
    if (m == 1) return(pnorm(upper - drift * sqrt(t[1])) - pnorm(lower - drift * sqrt(t[1])))
    s <- outer(t[1:m], t[1:m], function(x, y) sqrt(pmin(x, y) / pmax(x, y)))
    pmvnorm(lower, upper, mean = drift * sqrt(t[1:m]), corr = s, algorithm = Miwa(steps = 512))[1]
  }
  low <- if (sides == 2) -b else rep(-Inf, k)
  sum(sapply(seq_len(k), function(j) {
    chance(c(head(low, j - 1), if (j < k) b[j] else z), c(head(b, j - 1), Inf))
  }))
}
orders <- list(
  list(t = c(0.2, 0.4, 0.6), b = c(4.8769, 3.3569, 2.6803), z = 2.9, drift = 0, sides = 2),
  list(t = c(0.2, 0.4, 0.6), b = c(4.8769, 3.3569, 2.6803), z = 2.9, drift = 2, sides = 2),
  list(t = c(0.3, 0.7, 1), b = c(2.4, 2.3, 2.2), z = 1.1, drift = 0, sides = 2),
  list(t = c(0.3, 0.7, 1), b = c(2.4, 2.3, 2.2), z = -2.5, drift = -1.5, sides = 2),
  list(t = c(0.3, 0.7, 1), b = c(2.4, 2.3, 2.2), z = 2.25, drift = 1, sides = 1)
)
ordered <- lapply(orders, function(o) c(o, tail = upper_tail(o$t, o$b, o$z, o$drift, o$sides)))
cat(jsonlite::toJSON(list(planned = planned, ended = ended, ordered = ordered),
  digits = 10, auto_unbox = TRUE, na = "null", pretty = TRUE))
