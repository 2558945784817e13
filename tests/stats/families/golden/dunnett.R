# What mvtnorm and multcomp say of challengers against one control: critical values, adjusted p-values, intervals.
# Debian: apt-get install r-cran-mvtnorm r-cran-multcomp r-cran-jsonlite.  Rscript dunnett.R > dunnett.json  (a minute)
suppressMessages({library(mvtnorm); library(multcomp); library(jsonlite)})
set.seed(1)

product <- function(loadings) { m <- outer(loadings, loadings); diag(m) <- 1; m }

# qmvt is a Monte-Carlo sum (it agrees to some 1e-5); for normals the Miwa sum is exact to its grid
critical <- function(loadings, alpha, df) {
  m <- product(loadings)
  inside <- function(q) {
    n <- length(loadings)
    if (df == 0) pmvnorm(rep(-q, n), rep(q, n), corr = m, algorithm = Miwa(steps = 4000))
    else pmvt(rep(-q, n), rep(q, n), corr = m, df = df, algorithm = GenzBretz(maxpts = 1e6, abseps = 1e-6, releps = 0))
  }
  uniroot(function(q) inside(q) - (1 - alpha), c(1, 8), tol = 1e-9)$root
}

cases <- list(
  list(loadings = c(0.70710678118654752, 0.70710678118654752), alpha = 0.05, df = 0),
  list(loadings = c(0.9, 0.5, 0.2), alpha = 0.05, df = 0),
  list(loadings = c(0.3, 0.95), alpha = 0.001, df = 0),
  list(loadings = c(0.9, 0.5, 0.2), alpha = 0.05, df = 7),
  list(loadings = c(0.6, 0.6, 0.6, 0.6), alpha = 0.01, df = 23)
)
values <- lapply(cases, function(case) c(case, critical_value = critical(case$loadings, case$alpha, case$df)))

# an experiment in unequal arms, as glht sees it
outcome <- c(12.1, 9.8, 11.4, 10.9, 13.0, 10.2, 12.5, 11.1, 13.9, 14.4, 12.2, 15.1, 13.3, 10.5, 11.9, 12.8, 9.9, 12.0, 10.1,
             14.9, 13.8, 16.0)
arm <- factor(rep(c("a", "b", "c", "d"), c(8, 5, 6, 3)))
fit <- lm(outcome ~ arm)
compared <- glht(fit, linfct = mcp(arm = "Dunnett"))
tested <- summary(compared, test = adjusted("single-step", abseps = 1e-6, maxpts = 1e6))$test
interval <- confint(compared, calpha = critical(sqrt((1/8) / (1/8 + 1/c(5, 6, 3))), 0.05, 18))$confint
glht <- list(
  rates = as.vector(tapply(outcome, arm, mean)), sizes = as.vector(table(arm)), variance = summary(fit)$sigma^2,
  df = 18, p_values = as.vector(tested$pvalues), low = as.vector(interval[, "lwr"]), high = as.vector(interval[, "upr"])
)

p <- c(0.0004, 0.011, 0.019, 0.024, 0.03, 0.035, 0.038, 0.6)
adjusted <- lapply(c(holm = "holm", hochberg = "hochberg", bonferroni = "bonferroni", benjamini_hochberg = "BH",
                     benjamini_yekutieli = "BY"), function(how) p.adjust(p, how))
cat(toJSON(list(critical_values = values, glht = glht, p = p, adjusted = adjusted), auto_unbox = TRUE, digits = 12, pretty = TRUE), "\n")
