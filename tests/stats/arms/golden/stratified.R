# What R says of 2 x 2 tables in strata: stats::mantelhaen.test, metafor::rma.mh, and the saturated regression with HC2.
# Debian: apt-get install r-cran-metafor r-cran-sandwich r-cran-jsonlite.  Rscript stratified.R > stratified.json
suppressMessages({library(metafor); library(sandwich); library(jsonlite)})

# One row a stratum: calls and successes of the control, calls and successes of the challenger.
strata <- function(...) matrix(c(...), ncol = 4, byrow = TRUE)
cases <- list(
  # Eight centres of Beitler & Landis (1985), in Agresti, Categorical Data Analysis, table 6.9
  centres = strata(37, 10, 36, 11, 32, 22, 20, 16, 19, 7, 19, 14, 17, 1, 16, 2, 12, 0, 17, 6, 10, 0, 11, 1, 9, 1, 5, 1, 7, 6, 6, 4),
  # Agents from 3 to 886 calls
  unequal = strata(3, 1, 2, 0, 11, 2, 9, 3, 54, 9, 60, 13, 148, 14, 131, 21, 403, 60, 389, 77, 886, 131, 870, 168),
  # Agents who tell the arms apart in opposite directions: the common odds ratio is exactly 1
  opposite = strata(20, 4, 20, 8, 20, 8, 20, 4, 40, 10, 40, 10),
  # Two dozen agents with a handful of calls each
  handful = cbind(1 + (7 * 1:24) %% 4, (5 * 1:24) %% 2, 1 + (11 * 1:24) %% 5, pmin(1 + (11 * 1:24) %% 5, (1:24) %% 3))
)

tested <- function(t) {
  cells <- array(rbind(t[, 4], t[, 2], t[, 3] - t[, 4], t[, 1] - t[, 2]), c(2, 2, nrow(t)))
  plain <- mantelhaen.test(cells, correct = FALSE)
  corrected <- mantelhaen.test(cells, correct = TRUE)
  of <- function(measure) {
    rma.mh(ai = t[, 4], n1i = t[, 3], ci = t[, 2], n2i = t[, 1], measure = measure, add = 0, drop00 = FALSE)
  }
  or <- of("OR")
  rd <- of("RD")
  list(
    strata = t,
    chi_square = unname(plain$statistic), p_value = plain$p.value,
    corrected_chi_square = unname(corrected$statistic), corrected_p_value = corrected$p.value,
    odds_ratio = unname(plain$estimate), odds_ratio_low = plain$conf.int[1], odds_ratio_high = plain$conf.int[2],
    log_standard_error = or$se, breslow_day = or$BD, tarone = or$TA, tarone_p_value = or$TAp,
    difference = unname(rd$beta[1]), standard_error = rd$se, log_risk_ratio = unname(of("RR")$beta[1])
  )
}

# Handling seconds of single calls: agent, arm, seconds
set.seed(7)
calls <- data.frame(agent = factor(rep(1:5, c(9, 14, 6, 22, 11))))
calls$arm <- unlist(lapply(table(calls$agent), function(n) rep(0:1, length.out = n)))
calls$seconds <- round(rnorm(nrow(calls), 200 + 40 * as.integer(calls$agent) + 15 * calls$arm, 30))
centred <- scale(model.matrix(~ agent, calls)[, -1], scale = FALSE)
fit <- lm(seconds ~ arm * centred, calls) # Lin's regression, which is post-stratification when it is saturated
post <- list(
  calls = unname(as.matrix(data.frame(as.integer(calls$agent), calls$arm, calls$seconds))),
  difference = unname(coef(fit)["arm"]), standard_error = sqrt(vcovHC(fit, type = "HC2")["arm", "arm"])
)

cat(toJSON(list(tables = lapply(cases, tested), post = post), auto_unbox = TRUE, digits = NA, pretty = FALSE), "\n")
