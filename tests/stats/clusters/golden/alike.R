# Intraclass correlation by analysis of variance (lm, anova, lme4), Wald's interval from the covariance matrix written
# out in full, Searle's limits for units of one size, and CR2 per naive variance (clubSandwich).
# Debian: apt-get install r-cran-clubsandwich r-cran-lme4 r-cran-jsonlite.  Rscript alike.R > alike.json
suppressMessages({library(clubSandwich); library(lme4); library(jsonlite)})

calls <- function(units, arm) do.call(rbind, lapply(seq_len(nrow(units)), function(g) data.frame(
  arm = arm, unit = paste(arm, g), outcome = rep(c(1, 0), c(units[g, "y"], units[g, "x"] - units[g, "y"])))))

# F of the residuals of the arms' means, weighted by the inverse covariance of the calls at this correlation
wald <- function(rows, icc) {
  V <- outer(rows$unit, rows$unit, "==") * icc
  diag(V) <- 1
  V <- V / (1 - icc) # in units of the variance within
  W <- solve(V)
  X <- outer(rows$arm, unique(rows$arm), "==") * 1
  y <- rows$outcome
  b <- solve(t(X) %*% W %*% X, t(X) %*% W %*% y)
  r <- y - X %*% b
  within <- sum((y - ave(y, rows$unit))^2)
  sum(r * (W %*% r)) - within # what is left over is between units
}

of <- function(rows) {
  N <- nrow(rows); K <- length(unique(rows$unit)); A <- length(unique(rows$arm))
  fit <- if (A > 1) lm(outcome ~ factor(arm) + unit, rows) else lm(outcome ~ unit, rows)
  table <- anova(fit)
  msb <- table["unit", "Mean Sq"]; msw <- table["Residuals", "Mean Sq"]
  sizes <- tapply(rows$outcome, rows$unit, length)
  arm <- tapply(rows$arm, rows$unit, `[`, 1)
  n0 <- (N - sum(tapply(sizes, arm, function(n) sum(n^2) / sum(n)))) / (K - A)
  limit <- function(q) {
    f <- function(icc) wald(rows, icc) / (K - A) / msw - q
    floor <- -1 / (max(sizes) - 1)
    if (f(floor * (1 - 1e-7)) < 0) floor else uniroot(f, c(floor * (1 - 1e-7), 1 - 1e-9), tol = 1e-12)$root
  }
  searle <- function(q) (msb / msw / q - 1) / (msb / msw / q + n0 - 1)
  q <- qf(c(0.975, 0.025), K - A, N - K)
  robust <- naive <- 0
  for (a in unique(rows$arm)) {
    mean <- lm(outcome ~ 1, rows[rows$arm == a, ])
    naive <- naive + vcov(mean)[1]
    robust <- robust + as.matrix(vcovCR(mean, cluster = rows$unit[rows$arm == a], type = "CR2"))[1]
  }
  mixed <- suppressMessages(lmer(if (A > 1) outcome ~ factor(arm) + (1 | unit) else outcome ~ (1 | unit), rows))
  parts <- as.data.frame(VarCorr(mixed))$vcov
  m <- mean(sizes); cv <- sqrt(mean((sizes - m)^2)) / m
  icc <- (msb - msw) / (msb + (n0 - 1) * msw)
  list(
    icc = icc, low = limit(q[1]), high = limit(q[2]), searle_low = searle(q[1]), searle_high = searle(q[2]),
    reml = parts[1] / sum(parts), robust_design_effect = robust / naive,
    mean_size = m, cv = cv, design_effect = 1 + ((cv^2 + 1) * m - 1) * max(icc, 0), units = K, calls = N
  )
}

pairs <- function(...) cbind(y = c(...)[c(TRUE, FALSE)], x = c(...)[c(FALSE, TRUE)])
cases <- list(
  unequal = list(pairs(1, 3, 2, 11, 9, 54, 14, 148, 60, 203, 101, 286)),
  "both arms" = list(
    pairs(1, 3, 2, 11, 9, 54, 14, 148, 60, 203), pairs(0, 5, 6, 24, 11, 66, 40, 144, 88, 265, 49, 101)),
  "equal units" = list(pairs(4, 40, 9, 40, 2, 40, 12, 40, 7, 40), pairs(8, 40, 3, 40, 15, 40, 11, 40)),
  "less alike than chance" = list(pairs(5, 50, 5, 50, 6, 50, 5, 50), pairs(6, 45, 5, 41, 6, 50)),
  "seven giants" = list(pairs(10, 120, 0, 4, 1, 3, 30, 110, 2, 6, 1, 9, 22, 140, 0, 2))
)
found <- lapply(cases, function(arms) {
  rows <- do.call(rbind, Map(calls, arms, seq_along(arms) - 1))
  c(list(arms = lapply(arms, unname)), of(rows))
})
cat(toJSON(found, auto_unbox = TRUE, digits = NA, pretty = TRUE, na = "null"), "\n")
